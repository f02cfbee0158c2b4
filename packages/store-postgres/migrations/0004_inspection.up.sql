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
create function siding.event_status(
  of_shard smallint, of_seq bigint, xid xid8, c siding.cursor, promoted_batch bigint, dead_batch bigint
) returns text
  language sql stable parallel safe
return case
  when dead_batch <= promoted_batch then 'dead'
  when siding.is_consumed(of_seq, xid, c) then 'published'
  when exists (select from siding.already_published a where a.shard = of_shard and a.seq = of_seq) then 'published'
  else 'pending'
end;
revoke execute on function siding.event_status(smallint, bigint, xid8, siding.cursor, bigint, bigint) from public;
grant execute on function siding.event_status(smallint, bigint, xid8, siding.cursor, bigint, bigint) to siding_admin;

alter function siding.event_status(smallint, bigint, xid8, siding.cursor, bigint, bigint) owner to siding_owner;
