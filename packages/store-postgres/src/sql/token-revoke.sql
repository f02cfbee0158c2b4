-- Revokes a token that is not revoked yet, and records who did so and why, in one statement.
-- $1 prefix, $2 actor, $3 the actor's role, $4 reason. Answers the token, also where it was revoked before.
with before as (
  select t.* from siding.admin_token t where t.prefix = $1 for update
),
revoked as (
  update siding.admin_token t
  set revoked_at = clock_timestamp(), revoked_by = $2
  from before b
  where t.prefix = b.prefix and b.revoked_at is null
  returning t.*
),
recorded as (
  insert into siding.audit (actor, role, action, reason, subject, before, after)
  select $2, $3, 'tokens.revoke', $4, r.prefix, to_jsonb(b) - 'secret_sha256', to_jsonb(r) - 'secret_sha256'
  from revoked r
  join before b using (prefix)
)
select b.prefix, b.name, b.role, to_json(b.tenants)::text as tenants, b.may_see_payload::text as may_see_payload,
  to_char(b.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, b.created_by,
  to_char(b.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as expires_at,
  to_char(coalesce(r.revoked_at, b.revoked_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as revoked_at,
  coalesce(r.revoked_by, b.revoked_by) as revoked_by, 'revoked' as state
from before b
left join revoked r using (prefix)
