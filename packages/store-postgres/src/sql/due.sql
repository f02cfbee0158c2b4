-- Which shards have something behind their cursor, and which have an open job. One statement for every idle shard of the relay;
-- it lasts until there is something, or for $7 ms, looking every $6 ms.
-- $1 shards, $2 positions, $3 snapshots S, $4 nx or null, $5 whether an open job ends it, each an array with one place a line.
select seen::text, due::text, with_jobs::text from siding.await_due($1, $2, $3, $4, $5, $6, $7)
