-- The events of a shard that are published: up to its cursor, or with $6 up to its open plan. Without dead letters.
-- $1 shard, $2 a cursor (text) behind which to look, or null: from the log's start; $3 the cursor (text) from which on
-- the record has no gap, or null; $4 from when on an event counts that lies before that cursor, or null: never;
-- $5 whether all of them count; $7 the minute (RFC 3339) with which the record begins, or null.
-- Each part has its index: what lies above the first cursor, what was not visible to it, and dead letters below it that the
-- record counts since they were redriven.
with bound as materialized (
  select $2::text::siding.cursor as context, $3::text::siding.cursor as start
),
behind as (
  select e.*
  from bound, siding.event e
  where e.shard = $1 and e.seq > coalesce((bound.context).position, 0)
  union all
  select e.*
  from bound, siding.event e
  where e.shard = $1
    and e.seq <= (bound.context).position
    and e.xid >= pg_snapshot_xmin((bound.context).snapshot)
    and not siding.is_consumed(e.seq, e.xid, bound.context)
  union all
  select e.*
  from bound, siding.redriven r
  join siding.event e on e.shard = r.shard and e.seq = r.seq
  where r.shard = $1 and r.counted >= $7::timestamptz and siding.is_consumed(e.seq, e.xid, bound.context)
),
marked as (
  select e.seq, e.event_id, e.topic, e.created_at, greatest(e.created_at, r.asked_at) as earliest,
    (bound.start).position is not null
      and (not siding.is_consumed(e.seq, e.xid, bound.start) or coalesce(r.counted >= $7::timestamptz, false)) as is_recorded
  from bound
  cross join behind e
  join siding.shard s on s.shard = e.shard
  left join siding.failure f on f.shard = e.shard and f.seq = e.seq
  left join siding.redriven r on r.shard = e.shard and r.seq = e.seq
  left join lateral siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line on true
  left join lateral siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, case when $6 then s.planned_batch end) planned_line
    on true
  where (siding.is_consumed(e.seq, e.xid, coalesce(line.cursor, s.cursor))
      or ($6 and s.planned_cursor is not null
        and siding.is_consumed(e.seq, e.xid, coalesce(planned_line.cursor, s.planned_cursor))))
    and not coalesce(f.dead_batch <= s.promoted_batch, false)
)
select seq::text, event_id::text, topic, floor(extract(epoch from earliest) * 1000)::bigint::text, is_recorded::int::text,
  (is_recorded or $5 or coalesce(created_at >= $4::timestamptz, false))::int::text
from marked
