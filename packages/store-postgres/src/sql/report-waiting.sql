-- What the shard waits for, as `siding status` tells it; nulls when it goes on. $1 shard, $2 epoch, $3 topic, $4 reason.
update siding.shard set waiting_topic = $3, waiting_reason = $4 where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() returning 1
