-- The events of a shard that a verdict may decide on, for this transaction: what the base cursor has not consumed, what
-- the open plan carries, and what is younger than the operator's time. $1 shard, $2 base is the planned cursor,
-- $3 since or null.
insert into recovery_candidate (shard, seq, event_id, topic, created_at, is_consumed, in_plan, is_dead)
select e.shard, e.seq, e.event_id, e.topic, e.created_at, c.is_consumed, c.in_plan,
  coalesce(f.dead_batch <= case when $2 then s.planned_batch else s.promoted_batch end, false)
from siding.shard s
join siding.event e using (shard)
cross join lateral (
  select siding.is_consumed(e.seq, e.xid, case when $2 then s.planned_cursor else s.cursor end) as is_consumed,
    s.planned_batch is not null and not siding.is_consumed(e.seq, e.xid, s.cursor)
      and siding.is_consumed(e.seq, e.xid, s.planned_cursor) as in_plan
) c
left join siding.failure f using (shard, seq)
where s.shard = $1 and (not c.is_consumed or c.in_plan or e.created_at >= $3::timestamptz)
