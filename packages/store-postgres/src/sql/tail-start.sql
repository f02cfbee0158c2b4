-- Where following begins: the newest event, and the snapshot that saw it. $1 shards; crosses tenants on purpose.
select pg_current_snapshot()::text as snapshot, coalesce(max(newest.seq), 0)::text as position
from unnest($1::smallint[]) as line (shard)
left join lateral (
  select e.seq from siding.event e where e.shard = line.shard order by e.seq desc limit 1
) newest on true
