-- A page of the whole log, newest first: the seqs, in bounds that each shard has of its own. Crosses shards on purpose.
-- $1 shards, $2 below which seq, $3 above which seq (arrays, one place a shard), $4 how many rows to look at a shard,
-- $5 how many to answer; $6 since, $7 until, $8 status, each null for any.
-- A row with is_edge was the last one to be looked at in its shard: below it nothing is known.
select page.seq::text as seq, page.shard::text as shard, page.matches::text as matches, page.is_edge::text as is_edge
from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as line (shard, below, above)
join siding.shard s using (shard)
cross join lateral (
  select candidate.*
  from (
    select looked.seq, looked.shard, looked.nth = $4 as is_edge,
      ($6::timestamptz is null or looked.created_at >= $6)
        and ($7::timestamptz is null or looked.created_at < $7)
        and ($8::text is null
          or siding.event_status(looked.seq, looked.xid, coalesce(lane.cursor, s.cursor), s.promoted_batch, f.dead_batch,
            exists (select from siding.already_published a where a.shard = looked.shard and a.seq = looked.seq)) = $8) as matches
    from (
      select e.shard, e.seq, e.xid, e.created_at, e.tenant_id, e.topic, e.key, row_number() over (order by e.seq desc) as nth
      from siding.event e
      where e.shard = line.shard and e.seq < line.below and e.seq > line.above
      order by e.seq desc
      limit $4::int
    ) looked
    left join siding.failure f on f.shard = looked.shard and f.seq = looked.seq
    left join lateral siding.line_of(looked.shard, looked.tenant_id, looked.topic, looked.key, looked.seq, s.promoted_batch) lane
      on $8::text is not null
  ) candidate
  where candidate.matches or candidate.is_edge
  order by candidate.seq desc
  limit $5::int
) page
order by page.seq desc
