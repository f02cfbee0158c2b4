-- For each topic the time before which none of the events in question can have been published, in Unix ms: none before
-- it was created, a dead letter none before it was asked for again, and what a cursor has not consumed none before that cursor's batch was promoted.
select c.topic, floor(extract(epoch from min(
  case when c.is_consumed then greatest(c.created_at, c.asked_at) else greatest(c.created_at, s.promoted_at) end
)) * 1000)::bigint::text as from_ms
from recovery_candidate c
join siding.shard s using (shard)
where not c.is_dead
group by c.topic
