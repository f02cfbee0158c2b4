-- Takes a shard whose lease is free or ran out, by Postgres' clock, and raises its epoch: whatever the last owner still
-- tries with the old one is refused. A halted shard is nobody's until an operator has spoken. $1 shard, $2 relay, $3 lease in ms.
update siding.shard
set owner = $2, epoch = epoch + 1, lease_until = clock_timestamp() + $3 * interval '1 ms', waiting_topic = null,
  waiting_reason = null
where shard = $1 and halted_reason is null and (owner is null or owner = $2 or lease_until < clock_timestamp())
returning epoch::text, last_batch::text, promoted_batch::text, planned_batch::text, to_json(cursor)::text, to_json(planned_cursor)::text,
  extract(epoch from clock_timestamp() - progress_at) * 1000, halted_reason
