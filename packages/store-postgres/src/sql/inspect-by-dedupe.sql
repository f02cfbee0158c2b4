-- The events with a dedupe key, newest first: the seqs. One a tenant: event_dedupe has the key first, so whose it is need
-- not be known. Parameters as in inspect-by-tenant.sql; crosses tenants on purpose where none is named.
with named as materialized ( -- apart: in the order that is asked for a plan would walk all that the tenant has
  select e.shard, e.seq, e.xid, e.tenant_id, e.topic, e.key
  from siding.event e
  where e.dedupe_key = $8 and ($9::text is null or e.tenant_id = $9)
    and e.seq < $1 and e.seq > $2
    and ($5::timestamptz is null or e.created_at >= $5)
    and ($6::timestamptz is null or e.created_at < $6)
    and ($10::text is null or e.topic = $10)
    and ($11::text is null or e.key is not distinct from $11)
    and ($12::uuid is null or e.event_id = $12)
)
select page.seq::text as seq, page.shard::text as shard, 'true' as matches, 'false' as is_edge
from named page
join siding.shard s on s.shard = page.shard
left join siding.failure f on f.shard = page.shard and f.seq = page.seq
left join lateral siding.line_of(page.shard, page.tenant_id, page.topic, page.key, page.seq, s.promoted_batch) line
  on $7::text in ('pending', 'published') -- whether it is dead no lane says
where $7::text is null
  or siding.event_status(page.seq, page.xid, coalesce(line.cursor, s.cursor), s.promoted_batch, f.dead_batch,
    exists (select from siding.already_published a where a.shard = page.shard and a.seq = page.seq)) = $7
order by page.seq desc
limit least($3::int, $4::int)
