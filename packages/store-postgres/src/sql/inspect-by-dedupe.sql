-- The events with a dedupe key, newest first: the seqs. One a tenant, so without a tenant ($9 null) each tenant is asked,
-- found one after the other in event_dedupe. Parameters as in inspect-by-tenant.sql.
with recursive tenant (tenant_id) as (
  (select coalesce($9, (select e.tenant_id from siding.event e order by e.tenant_id limit 1)) as tenant_id)
  union all
  select (select e.tenant_id from siding.event e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
  from tenant t
  where $9::text is null and t.tenant_id is not null
)
select page.seq::text as seq, page.shard::text as shard, 'true' as matches, 'false' as is_edge
from tenant t
join siding.event page on page.tenant_id = t.tenant_id and page.dedupe_key = $8
join siding.shard s on s.shard = page.shard
left join siding.failure f on f.shard = page.shard and f.seq = page.seq
where page.seq < $1 and page.seq > $2
  and ($5::timestamptz is null or page.created_at >= $5)
  and ($6::timestamptz is null or page.created_at < $6)
  and ($7::text is null
    or siding.event_status(page.seq, page.xid,
          siding.cursor_of(page.shard, page.tenant_id, page.topic, page.key, page.seq, s.promoted_batch, s.cursor), s.promoted_batch, f.dead_batch,
      exists (select from siding.already_published a where a.shard = page.shard and a.seq = page.seq)) = $7)
  and ($10::text is null or page.topic = $10)
  and ($11::text is null or page.key is not distinct from $11)
  and ($12::uuid is null or page.event_id = $12)
order by page.seq desc
limit least($3::int, $4::int)
