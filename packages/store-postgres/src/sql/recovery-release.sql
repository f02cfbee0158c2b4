-- The recovery was given up before it decided: what it alone had halted goes on. $1 shards, $2 as in recovery-fence.
update siding.shard set halted_reason = null where shard = any ($1::smallint[]) and halted_reason = $2
