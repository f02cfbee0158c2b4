-- What waits in the shards that a relay holds a lease on, by tenant, most first: an estimate for whoever watches, so nothing is
-- counted without end. $1 relay, $2 rows that are counted at most of each part of a shard, $3 tenants.
select p.tenant_id, count(*)::text, (extract(epoch from clock_timestamp() - min(p.created_at)) * 1000)::bigint::text
from siding.shard s
cross join lateral (
  (
    select e.tenant_id, e.created_at
    from siding.event e
    where e.shard = s.shard and e.seq > (s.cursor).position
    order by e.shard, e.seq
    limit $2::bigint
  )
  union all
  (
    select e.tenant_id, e.created_at
    from siding.event e
    where e.shard = s.shard
      and e.seq <= (s.cursor).position
      and e.xid >= pg_snapshot_xmin((s.cursor).snapshot)
      and e.xid < (s.cursor).next_xid
      and not siding.is_consumed(e.seq, e.xid, s.cursor)
    limit $2::bigint
  )
  union all
  (
    select w.tenant_id, w.created_at
    from siding.lane_backlog(s.shard) w
    limit $2::bigint
  )
) p
where s.owner = $1::uuid and s.lease_until > clock_timestamp()
group by p.tenant_id
order by count(*) desc, p.tenant_id
limit $3::int
