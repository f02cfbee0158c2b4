-- Forgets jobs that ended longer than the retention ago, with all that belongs to them, some at once: the audit keeps who
-- asked for what. A job of several shards is the lowest one's to forget. One whose step lies in an open plan stays: its
-- promotion rules on dead letters by it.
-- $1 shard, $2 epoch, $3 retention in ms. I3: the epoch is checked by the statement that writes.
with mine as (
  select s.shard from siding.shard s where s.shard = $1 and s.epoch = $2 and s.server_start = pg_postmaster_start_time()
),
old as (
  select j.job_id
  from mine, siding.job j
  where exists (select from siding.job_shard s where s.job_id = j.job_id and s.shard = mine.shard)
    and not exists (
      select from siding.job_shard s
      where s.job_id = j.job_id and (
        s.shard < mine.shard or s.ended_at is null or s.ended_at >= clock_timestamp() - $3::bigint * interval '1 ms'
      )
    )
    and not exists (
      select from siding.job_progress p join siding.shard h on h.shard = p.shard
      where p.job_id = j.job_id and p.batch > h.promoted_batch
    )
  order by j.job_id
  limit 100
)
delete from siding.job j using old where j.job_id = old.job_id
