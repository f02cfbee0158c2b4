-- Every shard's cursor, as opaque text, at the moment of this snapshot. Crosses shards on purpose: it is the list of them.
select shard::text as shard, cursor::text as cursor, halted_reason,
  to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now
from siding.shard
order by shard
