-- The policies, pauses and gates, where their version is not the one that the caller knows. $1 that version or null.
-- Crosses tenants on purpose: a relay keeps what holds for all of them. One statement, so one moment saw all of it.
select
  (extract(epoch from clock_timestamp()) * 1000)::bigint::text,
  v.version::text,
  case when v.version is distinct from $1::bigint then (select coalesce(json_agg(p), '[]') from siding.policy p)::text end,
  case when v.version is distinct from $1::bigint then (
    select coalesce(json_agg(json_build_array(
      u.tenant_id, u.actor, u.reason, floor(extract(epoch from u.until) * 1000)::bigint)), '[]')
    from siding.pause u
    where u.until is null or u.until > clock_timestamp()
  )::text end,
  case when v.version is distinct from $1::bigint then (
    select coalesce(json_agg(json_build_array(g.tenant_id, g.backlog_max, g.blocked)), '[]') from siding.gate g
  )::text end
from siding.policy_version v
