-- Dead letters by fingerprint, the largest group first. Reads every dead letter of the shards, so it alone may take long.
-- $1 shards; $2 since, $3 until, $4 tenant, $5 topic, $6 key, $7 dedupe key, $8 id, each null for any; $9 how many groups,
-- $10 how many tenants and topics of each.
-- Crosses shards and tenants on purpose where no tenant is named.
with dead as (
  select f.fingerprint, f.last_error, f.seq, e.tenant_id, e.topic, e.created_at
  from siding.failure f
  join siding.shard s on s.shard = f.shard
  join siding.event e on e.shard = f.shard and e.seq = f.seq
  where f.shard = any ($1::smallint[])
    and f.dead_batch <= s.promoted_batch and f.discarded_by is null
    and ($2::timestamptz is null or e.created_at >= $2)
    and ($3::timestamptz is null or e.created_at < $3)
    and ($4::text is null or e.tenant_id = $4)
    and ($5::text is null or e.topic = $5)
    and ($6::text is null or e.key is not distinct from $6)
    and ($7::text is null or e.dedupe_key = $7)
    and ($8::uuid is null or e.event_id = $8)
),
part as (
  select fingerprint, tenant_id, topic, count(*) as events, min(created_at) as first_at, max(created_at) as last_at,
    max(seq) as last_seq
  from dead
  group by fingerprint, tenant_id, topic
)
select p.fingerprint, sum(p.events)::text as events,
  count(distinct p.tenant_id)::text as tenants_total, count(distinct p.topic)::text as topics_total,
  to_json((array_agg(distinct p.tenant_id))[1:$10::int])::text as tenants,
  to_json((array_agg(distinct p.topic))[1:$10::int])::text as topics,
  to_char(min(p.first_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as first_at,
  to_char(max(p.last_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_at,
  (select d.last_error from dead d where d.seq = max(p.last_seq)) as sample_error,
  count(*) over ()::text as groups_total
from part p
group by p.fingerprint
order by sum(p.events) desc, p.fingerprint
limit $9::int
