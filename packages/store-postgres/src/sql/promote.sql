-- Kafka has batch n: its cursor becomes the shard's. $1 shard, $2 epoch, $3 n.
update siding.shard
set cursor = planned_cursor, promoted_batch = planned_batch, promoted_at = clock_timestamp(),
  planned_batch = null, planned_cursor = null
where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and planned_batch = $3
returning 1
