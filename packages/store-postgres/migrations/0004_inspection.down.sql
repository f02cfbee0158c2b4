drop function siding.event_status(smallint, bigint, xid8, siding.cursor, bigint, bigint);
drop index siding.event_by_key, siding.event_by_topic, siding.event_by_tenant, siding.event_by_id;
