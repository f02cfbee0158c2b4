-- A page of the events with an ordering key for a session that is bound to tenants, newest first: the seqs. A row without a
-- seq says that too many others have the key: it has to be looked for along the tenant.
-- $1 below which seq, $2 above which seq, $3 how many rows to look at, $4 how many to answer; $5 since, $6 until,
-- $7 status, $8 dedupe key, $9 tenant, $10 topic, $11 key, $12 id, each null for any.
-- A row with is_edge was the last one to be looked at: below it nothing is known.
select page.seq::text as seq, page.shard::text as shard, page.matches::text as matches, page.is_edge::text as is_edge
from (
  select looked.seq, looked.shard, looked.nth = $3::int / 4 as is_edge,
    coalesce(
      e.key = $11
      and ($5::timestamptz is null or e.created_at >= $5)
      and ($6::timestamptz is null or e.created_at < $6)
      and ($8::text is null or e.dedupe_key = $8)
      and ($9::text is null or e.tenant_id = $9)
      and ($10::text is null or e.topic = $10)
      and ($12::uuid is null or e.event_id = $12)
      and ($7::text is null
        or siding.event_status(e.seq, e.xid, coalesce(line.cursor, s.cursor), s.promoted_batch, f.dead_batch,
          exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) = $7),
      false) as matches
  from (
    select k.shard, k.seq, row_number() over (order by k.seq desc nulls first) as nth
    from siding.own_seqs_of_key($11, $2::bigint, $1::bigint, $3::int, $3::int / 4) k
  ) looked
  left join siding.event e on e.shard = looked.shard and e.seq = looked.seq
  left join siding.shard s on s.shard = looked.shard
  left join siding.failure f on f.shard = looked.shard and f.seq = looked.seq
  left join lateral siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line
    on $7::text is not null
) page
where page.matches or page.is_edge or page.seq is null
order by page.seq desc nulls first
limit $4::int
