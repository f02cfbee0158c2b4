-- What a job asks for behind a seq. $1 shard, $2 job, $3 behind which seq, $4 how many rows to look at, $5 limit in events,
-- $6 limit in bytes.
-- First row: up to which seq was looked, how many rows that were, how many of them are asked for. Then those, in seq order.
with asked as materialized (
  select a.seq, a.act from siding.job_asks($2::uuid, $1::smallint, $3::bigint, $4::bigint) a
),
page as (
  select e.seq, e.xid, e.event_id, e.tenant_id, nullif(e.dedupe_key, e.event_id::text) as dedupe_key, e.topic, e.key,
    e.headers, e.payload, e.payload_bytes, e.bytes, e.created_at, a.act, coalesce(f.attempts, 0) as attempts
  from (select * from asked where act is not null order by seq limit $5::bigint) a
  join siding.event e on e.shard = $1 and e.seq = a.seq
  left join siding.failure f on f.shard = e.shard and f.seq = e.seq
)
select null, max(seq)::text, count(*)::text, count(act)::text, null, null, null, null, null, null, null, null, null, null from asked
union all
select seq::text, xid::text, event_id::text, tenant_id, dedupe_key, topic, key, headers::text, payload,
  payload_bytes::text, bytes::text, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), act, attempts::text
from (
  select page.*, sum(page.bytes) over (order by page.seq rows unbounded preceding) - page.bytes as bytes_before
  from page
) cut
where bytes_before < $6
