-- Every shard at once: the whole log was carried here.
select siding.forget_foreign_xids(pg_current_snapshot())
