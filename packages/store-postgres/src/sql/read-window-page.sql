-- The page behind a cursor in window form (p, S, nx, q, H): late rows in (q, p] that H sees (design §2).
-- $1 shard, $2 limit in events, $3 p, $4 xids in progress in S, $5 xmax(S), $6 nx or null, $7 limit in bytes, $8 q, $9 H.
-- First row: as in read-plain-page. A long transaction's ten million late rows are paged like any others, because each
-- page starts behind q within each transaction.
with late_xid as (
  select unnest($4::xid8[]) as xid
  union all
  select x::text::xid8
  from generate_series(
    $5::bigint,
    least($6::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
  ) x
),
late as (
  select r.*
  from late_xid
  cross join lateral (
    select e.seq, e.xid, e.event_id, e.tenant_id, nullif(e.dedupe_key, e.event_id::text) as dedupe_key, e.topic, e.key,
      e.headers, e.payload, e.payload_bytes, e.bytes, e.created_at
    from siding.event e
    where e.shard = $1 and (e.xid, e.seq) > (late_xid.xid, $8::bigint) and (e.xid, e.seq) <= (late_xid.xid, $3::bigint)
    order by e.xid, e.seq
    limit $2
  ) r
  where pg_visible_in_snapshot(late_xid.xid, $9::pg_snapshot)
  order by r.seq
  limit $2
)
select null, pg_current_snapshot()::text, (extract(epoch from clock_timestamp()) * 1000000)::bigint::text, null, null, null, null, null, null, null, null, null,
  (select count(*) from late)
union all
select seq::text, xid::text, event_id::text, tenant_id, dedupe_key, topic, key, headers::text, payload,
  payload_bytes::text, bytes::text, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 1
from (
  select late.*, sum(late.bytes) over (order by late.seq rows unbounded preceding) - late.bytes as bytes_before
  from late
) cut
where bytes_before < $7
