-- Where each shard stands, and what the schema is. Crosses shards on purpose where no tenant is named. $1 a tenant or null.
select s.shard::text as shard,
  (s.cursor).position::text as position,
  s.halted_reason,
  (select max(version) from siding.migration)::text as schema_version
from siding.shard s
where $1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d)
order by s.shard
