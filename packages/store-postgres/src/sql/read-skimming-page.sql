-- The page behind a plain cursor that leaves out tenants with lanes of their own: what lies there for others is found without
-- reading the rows between (design §3, "the main line then skips the tenant").
-- $1 to $7 and late rows as in read-plain-page.sql, none of which is left out; $8 the tenants, $9 how many fresh rows are looked
-- through at most.
--
-- First row: the snapshot, the time in microseconds, how far it looked, how many rows that was, how many fresh ones of
-- others are among them and how many late ones there are, both up to the limit. Then the rows in seq order.
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
looked as materialized (
  select e.seq, e.tenant_id
  from siding.event e
  where e.shard = $1 and e.seq > $3
  order by e.seq
  limit $9
),
others as materialized (
  select looked.seq
  from looked
  where looked.tenant_id not in (select unnest($8::text[]))
  order by looked.seq
  limit $2
),
fresh as (
  select r.*
  from others
  cross join lateral (
    select e.seq, e.xid, e.event_id, e.tenant_id, nullif(e.dedupe_key, e.event_id::text) as dedupe_key, e.topic, e.key,
      e.headers, e.payload, e.payload_bytes, e.bytes, e.created_at
    from siding.event e
    where e.shard = $1 and e.seq = others.seq
    limit 1
  ) r
),
page as (
  select late.*, true as is_late from late
  union all
  select fresh.*, false as is_late from fresh
)
select null, pg_current_snapshot()::text, (extract(epoch from clock_timestamp()) * 1000000)::bigint::text,
  (select max(seq)::text from looked), (select count(*)::text from looked), (select count(*)::text from others), null, null, null,
  null, null, null, (select count(*) from late)
union all
select seq::text, xid::text, event_id::text, tenant_id, dedupe_key, topic, key, headers::text, payload,
  payload_bytes::text, bytes::text, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), is_late::int
from (
  select page.*, sum(page.bytes) over (order by page.seq rows unbounded preceding) - page.bytes as bytes_before
  from page
) cut
where bytes_before < $7
