-- The age of the oldest pending event, as in status-shards.sql: the first one above a cursor, or the first one of a late
-- transaction below it, or the first one of a lane. $1 a tenant or null: all of them, on purpose. Null where nothing is pending.
select (extract(epoch from clock_timestamp() - min(least(fresh.created_at, late.created_at, waiting.created_at))) * 1000)::bigint::text as lag_ms
from siding.shard s
left join lateral (
  (
    select e.created_at
    from siding.event e
    where $1::text is null and e.shard = s.shard and e.seq > (s.cursor).position
      and siding.event_status(e.seq, e.xid, s.cursor, s.promoted_batch, null,
        exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) = 'pending'
    order by e.seq
    limit 1
  )
  union all
  (
    select e.created_at
    from siding.event e
    where e.tenant_id = $1 and e.seq > (s.cursor).position
      and siding.event_status(e.seq, e.xid, s.cursor, s.promoted_batch, null,
        exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) = 'pending'
    order by e.seq
    limit 1
  )
) fresh on true
left join lateral (
  select min(first.created_at) as created_at
  from (
    select pg_snapshot_xip((s.cursor).snapshot) as xid
    union all
    select x::text::xid8
    from generate_series(
      pg_snapshot_xmax((s.cursor).snapshot)::text::bigint,
      least((s.cursor).next_xid::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
    ) x
  ) late_xid
  cross join lateral (
    select e.created_at
    from siding.event e
    where e.shard = s.shard
      and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, (s.cursor).position)
      and ($1::text is null or e.tenant_id = $1)
      and siding.event_status(e.seq, e.xid, s.cursor, s.promoted_batch, null,
        exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) = 'pending'
    order by e.xid, e.seq
    limit 1
  ) first
) late on true
left join lateral (
  select min(w.created_at) as created_at
  from siding.lane_heads(s.shard) w
  where $1::text is null or w.tenant_id = $1
) waiting on true
where $1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d)
