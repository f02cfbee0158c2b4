-- Who the events of a verdict are. $1 shards, $2 seqs, in pairs.
select e.shard::text as shard, e.seq::text as seq, e.event_id::text as event_id, e.tenant_id, e.topic, e.key,
  to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at
from unnest($1::smallint[], $2::bigint[]) as wanted (shard, seq)
join siding.event e using (shard, seq)
