-- Which shards have something behind their cursor, and which have an open job, all seen by one snapshot. One statement for every idle shard of the
-- relay, so that waiting costs one round trip.
-- $1 shards, $2 positions, $3 snapshots S, $4 nx or null, each an array with one place a line.
select pg_current_snapshot()::text, coalesce((
  select array_agg(line.shard)
  from unnest($1::smallint[], $2::bigint[], $3::pg_snapshot[], $4::bigint[]) as line (shard, position, snapshot, next_xid)
  where exists (select from siding.event e where e.shard = line.shard and e.seq > line.position)
    or exists (
      select
      from (
        select pg_snapshot_xip(line.snapshot) as xid
        union all
        select x::text::xid8
        from generate_series(
          pg_snapshot_xmax(line.snapshot)::text::bigint,
          least(line.next_xid, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
        ) x
      ) late_xid
      where exists (
        select
        from siding.event e
        where e.shard = line.shard
          and (e.xid, e.seq) >= (late_xid.xid, 0) and (e.xid, e.seq) <= (late_xid.xid, line.position)
      )
    )
), '{}')::int[]::text,
  array(select distinct j.shard from siding.job_shard j where j.shard = any ($1::smallint[]) and j.ended_at is null)::int[]::text
