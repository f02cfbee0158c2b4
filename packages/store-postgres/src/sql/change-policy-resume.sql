-- Ends a tenant's pause, and records who did so and why, in one statement. One that is over is none: everywhere else it is
-- passed by as well. $1 tenant, $2 actor, $3 reason, $4 the actor's role.
with ended as (
  delete from siding.pause
  where tenant_id = $1 and (until is null or until > clock_timestamp())
  returning *
)
insert into siding.audit (actor, role, action, reason, tenant_id, subject, before)
select $2, $4, 'tenants.resume', $3, e.tenant_id, e.tenant_id, to_jsonb(e)
from ended e
returning subject
