-- A page of a topic's events, newest first: the seqs. Crosses tenants on purpose where none is named.
-- $1 below which seq, $2 above which seq, $3 how many rows to look at, $4 how many to answer; $5 since, $6 until,
-- $7 status, $8 dedupe key, $9 tenant, $10 topic, $11 key, $12 id, each null for any.
-- A row with is_edge was the last one to be looked at: below it nothing is known.
select page.seq::text as seq, page.shard::text as shard, page.matches::text as matches, page.is_edge::text as is_edge
from (
  select looked.seq, looked.shard, looked.nth = $3 as is_edge,
    ($5::timestamptz is null or looked.created_at >= $5)
      and ($6::timestamptz is null or looked.created_at < $6)
      and ($8::text is null or looked.dedupe_key = $8)
      and ($9::text is null or looked.tenant_id = $9)
      and ($10::text is null or looked.topic = $10)
      and ($11::text is null or looked.key is not distinct from $11)
      and ($12::uuid is null or looked.event_id = $12)
      and ($7::text is null
        or siding.event_status(looked.seq, looked.xid, coalesce(line.cursor, s.cursor), s.promoted_batch, f.dead_batch,
          exists (select from siding.already_published a where a.shard = looked.shard and a.seq = looked.seq)) = $7) as matches
  from (
    select e.shard, e.seq, e.xid, e.created_at, e.dedupe_key, e.tenant_id, e.topic, e.key, e.event_id,
      row_number() over (order by e.seq desc) as nth
    from siding.event e
    where e.topic = $10 and e.seq < $1 and e.seq > $2
    order by e.seq desc
    limit $3::int
  ) looked
  join siding.shard s on s.shard = looked.shard
  left join siding.failure f on f.shard = looked.shard and f.seq = looked.seq
  left join lateral siding.line_of(looked.shard, looked.tenant_id, looked.topic, looked.key, looked.seq, s.promoted_batch) line
    on $7::text is not null
) page
where page.matches or page.is_edge
order by page.seq desc
limit $4::int
