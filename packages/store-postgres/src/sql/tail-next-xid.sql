-- An xid that is assigned after a page's snapshot: it bounds the search for late rows (design §2, nx). It writes nothing.
select pg_current_xact_id()::text as xid
