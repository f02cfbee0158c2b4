-- Takes a policy away, and records who did so and why, in one statement. $1 its name, $2 actor, $3 reason, $4 the actor's role.
with removed as (
  delete from siding.policy where name = $1 returning *
)
insert into siding.audit (actor, role, action, reason, tenant_id, subject, before)
select $2, $4, case when r.tenant_id is null then 'policies.remove' else 'tenants.set' end, $3, r.tenant_id,
  coalesce(r.tenant_id, r.name), jsonb_strip_nulls(to_jsonb(r))
from removed r
returning subject
