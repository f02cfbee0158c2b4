-- A token by its public name, and whether it holds at this moment by Postgres' clock. $1 prefix.
select prefix, encode(secret_sha256, 'hex') as secret_sha256, name, role, to_json(tenants)::text as tenants, may_see_payload::text as may_see_payload,
  (revoked_at is not null)::text as is_revoked,
  coalesce(expires_at <= clock_timestamp(), false)::text as is_expired
from siding.admin_token
where prefix = $1
