-- Events that Kafka has refused and that are tried again, and dead ones. A dead letter counts once its batch is promoted.
select
  count(*) filter (where f.dead_batch is null)::text as refused,
  count(*) filter (where f.dead_batch <= s.promoted_batch and f.discarded_by is null)::text as dead
from siding.failure f
join siding.shard s using (shard)
