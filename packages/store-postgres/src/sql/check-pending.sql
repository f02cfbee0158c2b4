-- How many events are pending, counted no further than asked, so that a probe stays cheap beside any backlog.
-- $1 a tenant or null: all of them, on purpose; $2 how far to count.
select count(*)::text as pending
from (
  select
  from siding.shard s
  cross join lateral (
    select e.seq, e.xid
    from siding.event e
    where $1::text is null and e.shard = s.shard and e.seq > (s.cursor).position
    union all
    select e.seq, e.xid
    from siding.event e
    where e.tenant_id = $1 and e.shard = s.shard and e.seq > (s.cursor).position
    union all
    select late.seq, late.xid
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
      select e.seq, e.xid
      from siding.event e
      where e.shard = s.shard
        and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, (s.cursor).position)
        and ($1::text is null or e.tenant_id = $1)
      order by e.xid, e.seq
    ) late
  ) candidate
  where siding.event_status(candidate.seq, candidate.xid, s.cursor, s.promoted_batch, null,
      exists (select from siding.already_published a where a.shard = s.shard and a.seq = candidate.seq)) = 'pending'
    and ($1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d))
  union all
  select
  from siding.shard s
  cross join lateral siding.lane_backlog(s.shard) waiting
  where ($1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d))
    and ($1::text is null or waiting.tenant_id = $1)
    and not exists (select from siding.failure f where f.shard = s.shard and f.seq = waiting.seq and f.dead_batch <= s.promoted_batch)
  limit $2::bigint
) counted
