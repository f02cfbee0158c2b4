-- Pending events that wait in lanes, newest first: the seqs, in bounds that each shard has of its own. A lane's rows are read
-- along its tenant or topic, from the newest: of those lanes alone whose newest rows are among the newest of all, since a
-- page's rows are in these.
-- $1 shards, $2 below which seq, $3 above which seq (arrays, one place a shard), $4 how many rows to look at, over all lanes,
-- $5 how many to answer; $6 since, $7 until, $8 tenant, $9 topic, $10 key, each null for any.
-- A row with is_edge was the last one to be looked at in its lane: below it nothing is known.
-- Crosses shards and tenants on purpose where no tenant is named.
with standing as materialized (
  select s.shard, s.promoted_batch, s.cursor as main, l.lane_id, l.tenant_id, l.topic, l.cursor,
    least((l.cursor).window_position, (l.cursor).position) as passed,
    least(line.below, (s.cursor).position + 1) as below, line.above
  from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as line (shard, below, above)
  join siding.shard s using (shard)
  join siding.lane l on l.shard = s.shard and l.batch <= s.promoted_batch and (l.cursor).position is not null
  where ($8::text is null or l.tenant_id is null or l.tenant_id = $8)
    and ($9::text is null or l.topic is null or l.topic = $9)
),
headed as materialized (
  select n.*, head.seq as head, row_number() over (order by head.seq desc) as nth
  from standing n
  cross join lateral (
    (
      select t.seq from siding.event t
      where t.tenant_id = n.tenant_id and t.seq < n.below and t.seq > greatest(n.above, n.passed)
      order by t.tenant_id desc, t.seq desc limit 1
    )
    union all
    (
      select t.seq from siding.event t
      where n.tenant_id is null and t.topic = n.topic and t.seq < n.below and t.seq > greatest(n.above, n.passed)
      order by t.topic desc, t.seq desc limit 1
    )
  ) head
),
chosen as materialized (
  -- No row below the last of so many heads is among as many newest ones.
  select h.*, greatest($5::int, $4::int / count(*) over ()) as look,
    case when count(*) over () = $5::int then min(h.head) over () - 1 else -1 end as floor
  from headed h
  where h.nth <= $5::int
),
found as (
  -- As far as it takes to fill a page.
  select lane.*
  from chosen c
  cross join lateral (
    select judged.*
    from (
      select l.seq, c.shard, l.nth_of_lane = c.look as is_edge,
        l.shard = c.shard
          and siding.is_consumed(l.seq, l.xid, c.main)
          and not siding.is_consumed(l.seq, l.xid, c.cursor)
          and ($6::timestamptz is null or l.created_at >= $6)
          and ($7::timestamptz is null or l.created_at < $7)
          and ($8::text is null or l.tenant_id = $8)
          and ($9::text is null or l.topic = $9)
          and ($10::text is null or l.key is not distinct from $10)
          and c.lane_id = (
            select line.lane_id from siding.line_of(c.shard, l.tenant_id, l.topic, l.key, l.seq, c.promoted_batch) line
          )
          and not exists (select from siding.failure f where f.shard = c.shard and f.seq = l.seq and f.dead_batch is not null)
          and not exists (select from siding.already_published a where a.shard = c.shard and a.seq = l.seq) as matches
      from (
        select t.*, row_number() over (order by t.seq desc) as nth_of_lane
        from (
          (
            select t.shard, t.seq, t.xid, t.tenant_id, t.topic, t.key, t.created_at from siding.event t
            where t.tenant_id = c.tenant_id and t.seq < c.below and t.seq > greatest(c.above, c.passed, c.floor)
            order by t.tenant_id desc, t.seq desc limit c.look
          )
          union all
          (
            select t.shard, t.seq, t.xid, t.tenant_id, t.topic, t.key, t.created_at from siding.event t
            where c.tenant_id is null and t.topic = c.topic and t.seq < c.below and t.seq > greatest(c.above, c.passed, c.floor)
            order by t.topic desc, t.seq desc limit c.look
          )
        ) t
        order by t.seq desc
      ) l
    ) judged
    where judged.matches or judged.is_edge
    order by judged.seq desc
    limit $5::int
  ) lane
  union all
  -- Of transactions that the lane's cursor did not see, below it: few, so all of them are looked at.
  select t.seq, n.shard, false, true
  from standing n
  cross join lateral (
    select t.* from siding.event t
    where t.shard = n.shard and t.seq <= n.passed and t.seq < n.below and t.seq > n.above
      and t.xid >= pg_snapshot_xmin((n.cursor).snapshot) and t.xid < (n.cursor).next_xid
      and (n.tenant_id is null or t.tenant_id = n.tenant_id)
      and (n.topic is null or t.topic = n.topic)
      and siding.is_consumed(t.seq, t.xid, n.main)
      and not siding.is_consumed(t.seq, t.xid, n.cursor)
      and ($6::timestamptz is null or t.created_at >= $6)
      and ($7::timestamptz is null or t.created_at < $7)
      and ($8::text is null or t.tenant_id = $8)
      and ($9::text is null or t.topic = $9)
      and ($10::text is null or t.key is not distinct from $10)
    offset 0
  ) t
  where n.lane_id = (
      select line.lane_id from siding.line_of(n.shard, t.tenant_id, t.topic, t.key, t.seq, n.promoted_batch) line
    )
    and not exists (select from siding.failure f where f.shard = n.shard and f.seq = t.seq and f.dead_batch is not null)
    and not exists (select from siding.already_published a where a.shard = n.shard and a.seq = t.seq)
)
select seq::text as seq, shard::text as shard, matches::text as matches, is_edge::text as is_edge
from found
union all
-- Below the floor nothing was looked at.
select (c.floor + 1)::text, max(c.shard)::text, 'false', 'true' from chosen c where c.floor >= 0 group by c.floor
