-- Kafka does not have batch n and its producer is fenced: the plan goes, and last_batch keeps its number from being used
-- again. Dead letters that it laid down are events like others once more, and what it made of lanes, quotas and jobs is gone. $1 shard, $2 epoch, $3 n.
with discarded as (
  update siding.shard
  set planned_batch = null, planned_cursor = null, planned_lines = false
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and planned_batch = $3
  returning shard
),
revived as (
  update siding.failure f set dead_batch = null, dead_at = null
  from discarded
  where f.shard = discarded.shard and f.dead_batch = $3
),
lanes_gone as (
  delete from siding.lane l using discarded where l.shard = discarded.shard and l.batch = $3
),
quotas_gone as (
  delete from siding.quota_use q using discarded where q.shard = discarded.shard and q.batch = $3
),
steps_gone as (
  delete from siding.job_progress p using discarded where p.shard = discarded.shard and p.batch = $3
)
select 1 from discarded
