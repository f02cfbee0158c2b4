--! compatible
-- A look for work asks the log only where a transaction has ended since the last look.

create or replace function siding.await_due(
  shards smallint[], positions bigint[], snapshots pg_snapshot[], next_xids bigint[], for_jobs boolean[],
  every_ms integer, for_ms integer,
  out seen pg_snapshot, out due integer[], out with_jobs integer[]
)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  shards_for_jobs integer[] := array(
    select line.shard::integer from unnest(shards, for_jobs) as line (shard, for_jobs) where line.for_jobs
  );
begin
  -- Looks are counted, and not timed: a clock that is set back would make the statement last.
  for looks_left in reverse case when every_ms > 0 then for_ms / every_ms else 0 end .. 0 loop
    -- Where no transaction has ended since, there is nothing that the last look did not see.
    if seen is null or pg_current_snapshot()::text <> seen::text then
      select pg_current_snapshot(),
        array(
          select line.shard::integer
          from unnest(shards, positions, snapshots, next_xids) as line (shard, position, snapshot, next_xid)
          -- In an order that only the primary key has, and below an offset that keeps each probe a probe: joined, as the
          -- planner likes it while the log is empty, a look reads the whole shard.
          where (select true from siding.event e where e.shard = line.shard and e.seq > line.position order by e.seq limit 1)
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
                offset 0
              )
            )
        ),
        array(select distinct j.shard::integer from siding.job_shard j where j.shard = any (shards) and j.ended_at is null)
      into seen, due, with_jobs;
      exit when cardinality(due) > 0 or with_jobs && shards_for_jobs;
      -- Nothing was behind the cursors: what they have consumed is the same set seen from here (DueWatch does so too).
      snapshots := array_fill(seen, array[cardinality(shards)]);
      next_xids := array_fill(null::bigint, array[cardinality(shards)]);
    end if;
    exit when looks_left = 0;
    perform pg_sleep(every_ms / 1000.0);
  end loop;
end
$$;
