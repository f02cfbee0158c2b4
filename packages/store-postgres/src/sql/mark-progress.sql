-- $1 shard, $2 epoch.
update siding.shard set progress_at = clock_timestamp() where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() returning 1
