-- $1 shard, $2 epoch, $3 reason. A halted shard is claimed by nobody until an operator has spoken.
update siding.shard set halted_reason = $3 where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() returning 1
