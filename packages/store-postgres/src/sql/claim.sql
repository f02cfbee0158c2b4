-- Takes a shard whose lease is free or ran out, by Postgres' clock, and raises its epoch: whatever the last owner still
-- tries with the old one is refused. A lease of an earlier run of the server is void (design §4): this may be a restored
-- backup or a promoted standby. A halted shard is the operator's. $1 shard, $2 relay, $3 lease in ms.
update siding.shard
set owner = $2, epoch = epoch + 1, lease_until = clock_timestamp() + $3 * interval '1 ms',
  server_start = pg_postmaster_start_time()
where shard = $1 and halted_reason is null
  and (owner is null or owner = $2 or lease_until < clock_timestamp() or server_start <> pg_postmaster_start_time())
returning epoch::text, last_batch::text, promoted_batch::text, planned_batch::text, to_json(cursor)::text, to_json(planned_cursor)::text,
  case when progress_at is not null then extract(epoch from clock_timestamp() - greatest(progress_at, promoted_at)) * 1000 end,
  halted_reason
