-- Pauses a tenant, or says anew until when and why, and records it in one statement.
-- $1 tenant, $2 actor, $3 reason, $4 the actor's role, $5 until when, or null.
with before as (
  select p.* from siding.pause p where p.tenant_id = $1
),
paused as (
  insert into siding.pause as p (tenant_id, actor, reason, until)
  values ($1, $2, $3, $5::timestamptz)
  on conflict (tenant_id) do update
  set actor = excluded.actor, reason = excluded.reason, until = excluded.until, paused_at = excluded.paused_at
  returning *
)
insert into siding.audit (actor, role, action, reason, tenant_id, subject, before, after)
select $2, $4, 'tenants.pause', $3, p.tenant_id, p.tenant_id, to_jsonb(b), to_jsonb(p)
from paused p
left join before b using (tenant_id)
