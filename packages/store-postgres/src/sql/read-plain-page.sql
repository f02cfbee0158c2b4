-- The page behind a plain cursor (p, S, nx), and the snapshot that saw it: one statement, so one snapshot (design §2).
-- $1 shard, $2 limit in events, $3 p, $4 xids in progress in S, $5 xmax(S), $6 nx or null, $7 limit in bytes.
--
-- Late rows are looked for transaction by transaction. "In progress in S" alone would lose events: S's xmax is
-- last-completed + 1, so transactions that already ran above it are in no list.
-- Written as a row comparison so that only the index (shard, xid, seq) can serve it, and stops at p: statistics that
-- are thrown by one huge transaction would otherwise choose the primary key and walk the whole log.
--
-- First row: the snapshot, the time in microseconds, and how many late rows there are up to the limit. Then the rows in seq order.
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
    where e.shard = $1 and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, $3::bigint)
    order by e.xid, e.seq
    limit $2
  ) r
  order by r.seq
  limit $2
),
fresh as (
  select e.seq, e.xid, e.event_id, e.tenant_id, nullif(e.dedupe_key, e.event_id::text) as dedupe_key, e.topic, e.key,
      e.headers, e.payload, e.payload_bytes, e.bytes, e.created_at
  from siding.event e
  where e.shard = $1 and e.seq > $3
  order by e.seq
  limit $2
),
page as (
  select late.*, true as is_late from late
  union all
  select fresh.*, false as is_late from fresh
)
select null, pg_current_snapshot()::text, (extract(epoch from clock_timestamp()) * 1000000)::bigint::text, null, null, null, null, null, null, null, null, null,
  (select count(*) from late)
union all
select seq::text, xid::text, event_id::text, tenant_id, dedupe_key, topic, key, headers::text, payload,
  payload_bytes::text, bytes::text, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), is_late::int
from (
  select page.*, sum(page.bytes) over (order by page.seq rows unbounded preceding) - page.bytes as bytes_before
  from page
) cut
where bytes_before < $7
