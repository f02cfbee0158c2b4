-- How many dead letters there are, counted no further than asked. A letter is dead once its batch is promoted, until it is ruled on.
-- $1 a tenant or null: all of them, on purpose; $2 how far to count.
select count(*)::text as dead
from (
  select
  from siding.failure f
  join siding.shard s on s.shard = f.shard
  where f.dead_batch <= s.promoted_batch and f.discarded_by is null
    and ($1::text is null
      or exists (select from siding.event e where e.shard = f.shard and e.seq = f.seq and e.tenant_id = $1))
  limit $2::bigint
) counted
