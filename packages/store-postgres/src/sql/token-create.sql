-- Makes a token and records who did so and why, in one statement: neither is there without the other.
-- $1 prefix, $2 SHA-256 of the secret in hex, $3 name, $4 role, $5 tenants or null, $6 may see payloads, $7 when it
-- expires or null, $8 actor, $9 the actor's role, $10 reason.
with made as (
  insert into siding.admin_token (prefix, secret_sha256, name, role, tenants, may_see_payload, expires_at, created_by)
  values ($1, decode($2, 'hex'), $3, $4, $5::text[], $6::boolean, $7::timestamptz, $8)
  returning *
),
recorded as (
  insert into siding.audit (actor, role, action, reason, subject, after)
  select $8, $9, 'tokens.create', $10, m.prefix, to_jsonb(m) - 'secret_sha256'
  from made m
)
select prefix, name, role, to_json(tenants)::text as tenants, may_see_payload::text as may_see_payload,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, created_by,
  to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as expires_at,
  null as revoked_at, null as revoked_by,
  case when expires_at <= clock_timestamp() then 'expired' else 'valid' end as state
from made
