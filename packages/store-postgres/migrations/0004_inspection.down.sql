revoke execute on function siding.shard_of(text, smallint) from siding_admin;
drop function siding.event_status(bigint, xid8, siding.cursor, bigint, bigint, boolean);
drop index siding.event_by_key, siding.event_by_topic, siding.event_by_tenant, siding.event_by_id;
