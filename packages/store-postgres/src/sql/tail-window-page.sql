-- What came behind a cursor in window form (p, S, nx, q, H) that covers several shards: late rows in (q, p] that H sees, as
-- in read-window-page.sql, without what events carry. Crosses shards and tenants on purpose.
-- $1 shards, $2 limit, $3 p, $4 xids in progress in S, $5 xmax(S), $6 nx or null, $7 q, $8 H. First row: as in tail-page.
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
    where e.shard = line.shard and (e.xid, e.seq) > (late_xid.xid, $7::bigint) and (e.xid, e.seq) <= (late_xid.xid, $3::bigint)
    order by e.xid, e.seq
    limit $2
  ) r
  where pg_visible_in_snapshot(late_xid.xid, $8::pg_snapshot)
  order by r.seq
  limit $2
)
select * from (
  select null as seq, pg_current_snapshot()::text as xid, null as shard, null as tenant_id, null as topic,
    (select count(*) from late)::text as late
  union all
  select late.seq::text, late.xid::text, late.shard::text, late.tenant_id, late.topic, '1'
  from late
) answer
order by answer.seq::bigint nulls first
