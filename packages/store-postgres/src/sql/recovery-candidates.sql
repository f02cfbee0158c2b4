-- The events of a shard that a verdict may decide on, for this transaction: what the base cursor has not consumed, what
-- the open plan carries, and what is younger than the operator's time, or was redriven since. Each is asked of the line that carries it: what waits
-- in a lane the main line's cursor has passed. $1 shard, $2 base is the planned cursor,
-- $3 since or null.
insert into recovery_candidate (shard, seq, event_id, topic, created_at, asked_at, redriven_at, is_consumed, is_passed, in_plan, is_dead)
select e.shard, e.seq, e.event_id, e.topic, e.created_at, r.asked_at, r.at, c.is_consumed, c.is_passed, c.in_plan,
  coalesce(f.dead_batch <= case when $2 then s.planned_batch else s.promoted_batch end, false)
from siding.shard s
join siding.event e using (shard)
cross join lateral (
  select siding.is_consumed(e.seq, e.xid, coalesce(line.cursor, s.cursor)) as by_promoted,
    s.planned_batch is not null
      and siding.is_consumed(e.seq, e.xid, coalesce(planned_line.cursor, s.planned_cursor)) as by_planned
  from (select) one
  left join siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line on true
  left join siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.planned_batch) planned_line on true
) l
cross join lateral (
  select case when $2 then l.by_planned else l.by_promoted end as is_consumed,
    siding.is_consumed(e.seq, e.xid, case when $2 then s.planned_cursor else s.cursor end) as is_passed,
    l.by_planned and not l.by_promoted as in_plan
) c
left join siding.failure f using (shard, seq)
left join siding.redriven r using (shard, seq)
where s.shard = $1 and (not c.is_consumed or c.in_plan or greatest(e.created_at, r.at) >= $3::timestamptz)
