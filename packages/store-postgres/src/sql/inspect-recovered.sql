-- Published events above their shard's position: those that a recovery found in Kafka. Newest first: the seqs.
-- $1 shards, $2 below which seq, $3 above which seq (arrays, one place a shard), $4 how many rows to look at a shard,
-- $5 how many to answer; $6 since, $7 until, $8 tenant, $9 topic, $10 key, each null for any.
-- A row with is_edge was the last one to be looked at in its shard: below it nothing is known.
-- Crosses shards and tenants on purpose where no tenant is named.
select page.seq::text as seq, page.shard::text as shard, page.matches::text as matches, page.is_edge::text as is_edge
from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as line (shard, below, above)
join siding.shard s using (shard)
cross join lateral (
  select candidate.*
  from (
    select looked.shard, looked.seq, looked.nth = $4 as is_edge,
      siding.event_status(looked.seq, e.xid, s.cursor, s.promoted_batch, f.dead_batch,
        exists (select from siding.already_published a where a.shard = looked.shard and a.seq = looked.seq)) = 'published'
        and ($6::timestamptz is null or e.created_at >= $6)
        and ($7::timestamptz is null or e.created_at < $7)
        and ($8::text is null or e.tenant_id = $8)
        and ($9::text is null or e.topic = $9)
        and ($10::text is null or e.key is not distinct from $10) as matches
    from (
      select a.shard, a.seq, row_number() over (order by a.seq desc) as nth
      from siding.already_published a
      where a.shard = line.shard and a.seq < line.below and a.seq > greatest(line.above, (s.cursor).position)
      order by a.seq desc
      limit $4::int
    ) looked
    join siding.event e on e.shard = looked.shard and e.seq = looked.seq
    left join siding.failure f on f.shard = looked.shard and f.seq = looked.seq
  ) candidate
  where candidate.matches or candidate.is_edge
  order by candidate.seq desc
  limit $5::int
) page
order by page.seq desc
