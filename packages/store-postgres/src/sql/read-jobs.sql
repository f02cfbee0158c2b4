-- A shard's open jobs, oldest first, each as far as the promoted batches took it. $1 shard.
select s.job_id::text, j.events_per_second::float8 / (select count(*) from siding.job_shard o where o.job_id = j.job_id),
  coalesce(p.position, 0)::text, coalesce(p.replayed, 0)::text, coalesce(p.redriven, 0)::text, coalesce(p.discarded, 0)::text,
  coalesce(p.waiting, 0)::text, coalesce(p.failed, 0)::text, p.last_error
from siding.job_shard s
join siding.job j on j.job_id = s.job_id
join siding.shard h on h.shard = s.shard
left join lateral (
  select * from siding.job_progress p
  where p.job_id = s.job_id and p.shard = s.shard and p.batch <= h.promoted_batch
  order by p.batch desc limit 1
) p on true
where s.shard = $1 and s.ended_at is null
order by j.created_at, j.job_id
