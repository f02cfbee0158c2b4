-- A page of what was changed, newest first. Crosses tenants on purpose where none is named.
-- $1 below which id, $2 tenant or null, $3 how many to look at, $4 how many to leave out first.
select audit_id::text as audit_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, actor, role, action, reason,
  tenant_id, subject, before::text as before, after::text as after
from siding.audit a
where a.audit_id < $1 and ($2::text is null or tenant_id = $2)
order by a.audit_id desc
limit $3::int offset $4::int
