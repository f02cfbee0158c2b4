-- Ends whatever relay owns the shards and keeps all of them away until the recovery is finished, or given up.
-- $1 shards, $2 what to say while it goes on.
update siding.shard
set epoch = epoch + 1, owner = null, lease_until = null, server_start = pg_postmaster_start_time(),
  halted_reason = coalesce(halted_reason, $2)
where shard = any ($1::smallint[])
