-- Which of a shard's events count as published, and which are owed. A recovery before this one may have listed some as
-- published: that is known of Kafka, and stays known unless Kafka itself lost history since ($4: then it is not asked).
-- $1 shard, $2 since or null, $3 until or null, $4 whether earlier findings hold.
with settled as (
  update recovery_candidate c
  set is_seen = exists (select from recovery_seen k where k.event_id = c.event_id),
    is_settled = c.is_dead
      or exists (select from recovery_seen k where k.event_id = c.event_id)
      or ($4 and exists (select from siding.already_published a where a.shard = c.shard and a.seq = c.seq))
      or (c.is_consumed and not coalesce(greatest(c.created_at, c.redriven_at) >= $2::timestamptz, false))
      or coalesce(not c.is_consumed and c.created_at < $3::timestamptz, false)
  where c.shard = $1
  returning c.*
)
select count(*)::text as events,
  count(*) filter (where not is_settled)::text as owed,
  count(*) filter (where is_seen)::text as seen,
  count(*) filter (where in_plan)::text as in_plan,
  count(*) filter (where not is_settled and is_consumed)::text as set_back,
  count(*) filter (where is_settled and not is_consumed and not is_seen and not is_dead)::text as given_up,
  min(seq) filter (where not is_settled)::text as first_owed,
  min(seq) filter (where not is_settled and is_passed)::text as first_set_back,
  (select max(seq)::text from siding.event e where e.shard = $1) as last_seq,
  pg_current_snapshot()::text as snapshot
from settled
