-- Kafka does not have batch n and its producer is fenced: the plan goes, and last_batch keeps its number from being used
-- again. Dead letters that it laid down are events like others once more. $1 shard, $2 epoch, $3 n.
with discarded as (
  update siding.shard
  set planned_batch = null, planned_cursor = null
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and planned_batch = $3
  returning shard
),
revived as (
  update siding.failure f set dead_batch = null, dead_at = null
  from discarded
  where f.shard = discarded.shard and f.dead_batch = $3
)
select 1 from discarded
