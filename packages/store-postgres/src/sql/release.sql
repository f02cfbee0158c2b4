-- Gives a shard back at once instead of letting its lease run out.
-- $1 shard, $2 epoch.
update siding.shard
set owner = null, lease_until = null
where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() returning 1
