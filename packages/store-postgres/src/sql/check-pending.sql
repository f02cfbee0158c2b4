-- How many events are pending, counted no further than asked, so that a probe stays cheap beside any backlog.
-- $1 a tenant or null: all of them, on purpose; $2 how far to count.
select count(*)::text as pending
from (
  select
  from siding.shard s
  cross join lateral (
    select e.seq
    from siding.event e
    where $1::text is null and e.shard = s.shard and e.seq > (s.cursor).position
    union all
    select e.seq
    from siding.event e
    where e.tenant_id = $1 and e.shard = s.shard and e.seq > (s.cursor).position
    union all
    select late.seq
    from (
      select pg_snapshot_xip((s.cursor).snapshot) as xid
      union all
      select x::text::xid8
      from generate_series(
        pg_snapshot_xmax((s.cursor).snapshot)::text::bigint,
        least((s.cursor).next_xid::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
      ) x
    ) late_xid
    join siding.event late on late.shard = s.shard
      and (late.xid, late.seq) >= (late_xid.xid, 0) and (late.xid, late.seq) <= (late_xid.xid, (s.cursor).position)
    where ($1::text is null or late.tenant_id = $1) and not siding.is_consumed(late.seq, late.xid, s.cursor)
  ) pending
  where ($1::text is null or s.shard = (select siding.shard_of($1, d.shards) from siding.deployment d))
    and not exists (select from siding.already_published a where a.shard = s.shard and a.seq = pending.seq)
  limit $2::bigint
) counted
