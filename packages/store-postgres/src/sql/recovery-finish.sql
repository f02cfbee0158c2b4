-- Kafka has the recovery's number: the shard is a relay's again. $1 shard, $2 epoch, $3 the number, $4 the recovery.
with finished as (
  update siding.shard
  set promoted_batch = $3::bigint, planned_batch = null, planned_cursor = null, halted_reason = null,
    progress_at = clock_timestamp()
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and last_batch = $3::bigint
  returning shard
),
recorded as (
  update siding.recovery r set finished_at = clock_timestamp() from finished where r.recovery_id = $4
)
select 1 from finished
