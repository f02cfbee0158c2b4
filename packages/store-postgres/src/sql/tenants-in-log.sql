-- Tenants with events in the log, $2 at most, behind a name ($1, or null from the first): from each to the next along
-- event_by_tenant, whatever number of events one has. Crosses tenants on purpose: it is the list of them.
with recursive tenant as (
  (
    select e.tenant_id, 1 as place from siding.event e
    where $1::text is null or e.tenant_id > $1
    order by e.tenant_id, e.seq
    limit 1
  )
  union all
  select next.tenant_id, tenant.place + 1
  from tenant
  cross join lateral (
    select e.tenant_id from siding.event e where e.tenant_id > tenant.tenant_id order by e.tenant_id, e.seq limit 1
  ) next
  where tenant.place < $2::int
)
select tenant_id from tenant
