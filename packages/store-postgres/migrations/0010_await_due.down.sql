drop function siding.await_due(smallint[], bigint[], pg_snapshot[], bigint[], boolean[], integer, integer);
