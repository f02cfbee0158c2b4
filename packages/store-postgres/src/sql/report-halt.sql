-- A halted shard is given back with its reason, and claimed by nobody until an operator has spoken.
-- $1 shard, $2 epoch, $3 reason.
update siding.shard
set halted_reason = $3, owner = null, lease_until = null
where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() returning 1
