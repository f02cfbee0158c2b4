-- A page of dead letters, newest event first: the seqs, in bounds that each shard has of its own. A letter is dead once
-- the batch that laid it down is promoted. Crosses shards and tenants on purpose where no tenant is named.
-- $1 shards, $2 below which seq, $3 above which seq (arrays, one place a shard), $4 how many rows to look at a shard,
-- $5 how many to answer; $6 since, $7 until, $8 tenant, $9 topic, $10 key, each null for any.
-- A row with is_edge was the last one to be looked at in its shard: below it nothing is known.
select page.seq::text as seq, page.shard::text as shard, page.matches::text as matches, page.is_edge::text as is_edge
from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as line (shard, below, above)
join siding.shard s using (shard)
cross join lateral (
  select candidate.*
  from (
    select looked.shard, looked.seq, looked.nth = $4 as is_edge,
      looked.dead_batch <= s.promoted_batch
        and ($6::timestamptz is null or e.created_at >= $6)
        and ($7::timestamptz is null or e.created_at < $7)
        and ($10::text is null or e.key is not distinct from $10) as matches
    from (
      select f.shard, f.seq, f.dead_batch, row_number() over (order by f.seq desc) as nth
      from siding.failure f
      -- By failure_dead_by_tenant or failure_dead_by_topic where one is named: the plan is made for the values.
      where f.shard = line.shard and f.seq < line.below and f.seq > line.above and f.dead_batch is not null and f.discarded_by is null
        and ($8::text is null or f.tenant_id = $8)
        and ($9::text is null or f.topic = $9)
      order by f.seq desc
      limit $4::int
    ) looked
    join siding.event e on e.shard = looked.shard and e.seq = looked.seq
  ) candidate
  where candidate.matches or candidate.is_edge
  order by candidate.seq desc
  limit $5::int
) page
order by page.seq desc
