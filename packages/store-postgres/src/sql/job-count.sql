-- Counts what a job asks for, shard by shard. $1 job.
with counted as (
  select s.shard, a.*
  from siding.job_shard s
  cross join lateral (
    select count(*) filter (where a.act <> 'wait') as asked, count(*) filter (where a.act = 'wait') as asked_waiting
    from siding.job_asks(s.job_id, s.shard, 0, null) a
  ) a
  where s.job_id = $1::uuid
)
update siding.job_shard s
set asked = c.asked, asked_waiting = c.asked_waiting
from counted c
where s.job_id = $1::uuid and s.shard = c.shard
returning s.shard::text, s.asked::text, s.asked_waiting::text
