-- A page of the tokens, without their hashes. $1 the prefix behind which it begins, '' for the first; $2 how many.
select prefix, name, role, to_json(tenants)::text as tenants, may_see_payload::text as may_see_payload,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, created_by,
  to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as expires_at,
  to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as revoked_at, revoked_by,
  case when revoked_at is not null then 'revoked' when expires_at <= clock_timestamp() then 'expired' else 'valid' end as state
from siding.admin_token
where prefix > $1
order by prefix
limit $2::int
