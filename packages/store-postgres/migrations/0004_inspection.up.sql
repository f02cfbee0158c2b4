--! compatible
-- What an operator's lists read. Every index costs each enqueue its share, so there is none for what another one reaches:
-- times are found by a search over seq, a dedupe key through event_dedupe, dead letters through siding.failure.
-- Each is built under a lock that enqueues wait for, a few seconds for a million rows.

-- read by `siding events show`, and by `--id`: the log says nowhere else where an event is
create index event_by_id on siding.event (event_id);
-- read by a tenant's list, newest first
create index event_by_tenant on siding.event (tenant_id, seq);
-- read by a topic's list, newest first
create index event_by_topic on siding.event (topic, seq);
-- A key may be longer than an entry of an index; its hash is not, and it costs events without a key nothing.
-- read by a key's list, newest first
create index event_by_key on siding.event (hashtextextended(key, 0), seq) where key is not null;

-- The status that siding.events shows, for statements that may not go through a view: they stop reading when a page is full.
-- is_recovered, whether the event is in siding.already_published, is asked by the caller: a function with a query in it is
-- called for every row, and this one becomes part of the statement.
create function siding.event_status(
  seq bigint, xid xid8, c siding.cursor, promoted_batch bigint, dead_batch bigint, is_recovered boolean
) returns text
  language sql immutable parallel safe
return case
  when dead_batch <= promoted_batch then 'dead'
  when siding.is_consumed(seq, xid, c) or is_recovered then 'published'
  else 'pending'
end;
revoke execute on function siding.event_status(bigint, xid8, siding.cursor, bigint, bigint, boolean) from public;
grant execute on function siding.event_status(bigint, xid8, siding.cursor, bigint, bigint, boolean) to siding_admin;
-- Whose list is asked for says which shard to look at.
grant execute on function siding.shard_of(text, smallint) to siding_admin;

alter function siding.event_status(bigint, xid8, siding.cursor, bigint, bigint, boolean) owner to siding_owner;
