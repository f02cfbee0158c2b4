-- Every shard's cursor, as opaque text, and how far retention has got, at the moment of this snapshot. Crosses shards on purpose: it is the list of them.
select shard::text as shard, cursor::text as cursor, halted_reason,
  (
    select (extract(epoch from max(p.at)) * 1000)::bigint from siding.trim_point p where p.shard = siding.shard.shard and p.is_floor
  )::text as trimmed_ms,
  to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now
from siding.shard
order by shard
