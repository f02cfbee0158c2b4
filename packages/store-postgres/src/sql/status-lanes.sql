-- The lanes of all shards, those first that wait for somebody, then by when they may move. Crosses shards and tenants on purpose: it is the list of what waits. $1 how many to name.
select l.shard::text as shard, l.tenant_id, l.topic, l.key, l.seq::text as seq, l.reason, l.detail,
  to_char(l.resume_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as resume_at,
  (extract(epoch from l.resume_at - clock_timestamp()) * 1000)::bigint::text as resume_in_ms
from siding.lanes l
order by l.resume_at nulls first, l.shard, l.tenant_id nulls first, l.topic nulls first, l.key nulls first, l.seq
limit $1
