-- What Postgres knows of the shards that are to be recovered. $1 shards.
select shard::text, epoch::text, last_batch::text, promoted_batch::text, planned_batch::text,
  to_json(cursor)::text as cursor, to_json(planned_cursor)::text as planned_cursor, halted_reason,
  to_char(promoted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as promoted_at,
  (progress_at is not null)::text as genesis_done
from siding.shard
where shard = any ($1::smallint[])
order by shard
