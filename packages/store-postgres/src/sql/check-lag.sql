-- The age of the oldest pending event, as in status-shards.sql: the first one above a cursor, or a late one below it.
-- $1 a tenant or null: all of them, on purpose. Null where nothing is pending.
select (extract(epoch from clock_timestamp() - min(least(fresh.created_at, late.created_at))) * 1000)::bigint::text as lag_ms
from siding.shard s
left join lateral (
  select first.created_at
  from (
    (
      select e.seq, e.created_at
      from siding.event e
      where $1::text is null and e.shard = s.shard and e.seq > (s.cursor).position
        and not exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)
      order by e.seq
      limit 1
    )
    union all
    (
      select e.seq, e.created_at
      from siding.event e
      where e.tenant_id = $1 and e.seq > (s.cursor).position
        and not exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)
      order by e.seq
      limit 1
    )
  ) first
) fresh on true
left join lateral (
  select min(e.created_at) as created_at
  from (
    select pg_snapshot_xip((s.cursor).snapshot) as xid
    union all
    select x::text::xid8
    from generate_series(
      pg_snapshot_xmax((s.cursor).snapshot)::text::bigint,
      least((s.cursor).next_xid::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
    ) x
  ) late_xid
  join siding.event e on e.shard = s.shard
    and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, (s.cursor).position)
  where ($1::text is null or e.tenant_id = $1)
    and not siding.is_consumed(e.seq, e.xid, s.cursor)
    and not exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)
) late on true
where $1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d)
