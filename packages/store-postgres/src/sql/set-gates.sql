-- Brings gates in line with what was settled from the policies of version $1; does nothing where that is no longer the
-- newest. One place a tenant: $2 tenants, $3 caps or null, $4 whether blocked. In the order of tenants, so that two relays
-- that do the same wait for each other and do not lock each other out.
with current as (
  select from siding.policy_version where version = $1
),
wanted as (
  select w.tenant_id, w.backlog_max, w.blocked
  from current, unnest($2::text[], $3::bigint[], $4::boolean[]) as w (tenant_id, backlog_max, blocked)
  order by w.tenant_id
),
removed as (
  delete from siding.gate g using wanted w
  where g.tenant_id = w.tenant_id and not w.blocked and w.backlog_max is null
),
made as (
  insert into siding.gate as g (tenant_id, backlog_max, blocked)
  select w.tenant_id, w.backlog_max, w.blocked from wanted w where w.blocked or w.backlog_max is not null
  on conflict (tenant_id) do update set backlog_max = excluded.backlog_max, blocked = excluded.blocked
  where (g.backlog_max, g.blocked) is distinct from (excluded.backlog_max, excluded.blocked)
)
select 1 from current
