-- What came behind a plain cursor (p, S, nx) that covers several shards, and the snapshot that saw it: as in
-- read-plain-page.sql, without what events carry. Crosses shards and tenants on purpose.
-- $1 shards, $2 limit, $3 p, $4 xids in progress in S, $5 xmax(S), $6 nx or null.
-- First row: the snapshot, and how many late rows there are up to the limit. Then the rows in seq order.
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
  from unnest($1::smallint[]) as line (shard)
  cross join late_xid
  cross join lateral (
    select e.seq, e.xid, e.shard, e.tenant_id, e.topic
    from siding.event e
    where e.shard = line.shard and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, $3::bigint)
    order by e.xid, e.seq
    limit $2
  ) r
  order by r.seq
  limit $2
),
fresh as (
  select r.*
  from unnest($1::smallint[]) as line (shard)
  cross join lateral (
    select e.seq, e.xid, e.shard, e.tenant_id, e.topic
    from siding.event e
    where e.shard = line.shard and e.seq > $3::bigint
    order by e.seq
    limit $2
  ) r
  order by r.seq
  limit $2
)
select * from (
  select null as seq, pg_current_snapshot()::text as xid, null as shard, null as tenant_id, null as topic,
    (select count(*) from late)::text as late
  union all
  select page.seq::text, page.xid::text, page.shard::text, page.tenant_id, page.topic, page.late
  from (
    select late.*, '1' as late from late
    union all
    select fresh.*, '0' as late from fresh
  ) page
) answer
order by answer.seq::bigint nulls first
