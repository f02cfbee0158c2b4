-- The four roles stay: they belong to the server, and another database of it may use them.
drop view siding.backlog, siding.events;
drop function siding.enqueue_many(jsonb);
drop function siding.enqueue_bytes(text, bytea, text, text, text, text, jsonb, uuid);
drop function siding.enqueue(text, jsonb, text, text, text, jsonb, uuid);
drop function siding.append_event(text, text, text, bytea, text, text, text, text, jsonb, uuid);
drop function siding.reserved_headers();
drop function siding.refuse(text, text, text);
drop function siding.new_event_id();
drop function siding.shard_of(text, smallint);
drop function siding.is_consumed(bigint, xid8, siding.cursor);
drop type siding.enqueued;
drop table siding.failure, siding.relay, siding.shard, siding.event, siding.deployment;
drop type siding.cursor;
