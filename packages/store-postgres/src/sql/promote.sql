-- Kafka has batch n: its cursor becomes the shard's, and its tally is recorded. $1 shard, $2 epoch, $3 n.
with before as (
  select planned_tally as tally, planned_lines as has_lines from siding.shard where shard = $1
),
promoted as (
  update siding.shard
  set cursor = planned_cursor, promoted_batch = planned_batch, promoted_at = clock_timestamp(),
    planned_batch = null, planned_cursor = null, planned_tally = null, planned_lines = false
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and planned_batch = $3
  returning shard, promoted_batch, cursor
)
select siding.record_published(promoted.shard, before.tally, promoted.promoted_batch, promoted.cursor)::text,
  case when before.has_lines then siding.promote_lines(promoted.shard, promoted.promoted_batch) end::text
from promoted, before
