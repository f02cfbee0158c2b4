-- Lays a policy down, whole, and records who did so and why, in one statement: neither is there without the other.
-- $1 its row as JSON, $2 actor, $3 reason, $4 the actor's role.
with before as (
  select p.* from siding.policy p where p.name = $1::jsonb ->> 'name'
),
laid as (
  insert into siding.policy
  select (jsonb_populate_record(null::siding.policy, $1::jsonb || jsonb_build_object(
    'actor', $2::text, 'reason', $3::text, 'changed_at', clock_timestamp()))).*
  on conflict (name) do update set (
    tenant_id, pattern, percent, priority, quota, quota_events, quota_events_window_ms, quota_events_burst, quota_bytes,
    quota_bytes_window_ms, quota_bytes_burst, quota_mode, warn_at, fair_share, batch_limit, weight, breaker, breaker_failures,
    breaker_cool_down_ms, breaker_cool_down_max_ms, retry, replay, backpressure, backlog_max, blocked, actor, reason, changed_at
  ) = (
    excluded.tenant_id, excluded.pattern, excluded.percent, excluded.priority, excluded.quota, excluded.quota_events,
    excluded.quota_events_window_ms, excluded.quota_events_burst, excluded.quota_bytes, excluded.quota_bytes_window_ms,
    excluded.quota_bytes_burst, excluded.quota_mode, excluded.warn_at, excluded.fair_share, excluded.batch_limit,
    excluded.weight, excluded.breaker, excluded.breaker_failures, excluded.breaker_cool_down_ms,
    excluded.breaker_cool_down_max_ms, excluded.retry, excluded.replay, excluded.backpressure, excluded.backlog_max,
    excluded.blocked, excluded.actor, excluded.reason, excluded.changed_at
  )
  returning *
)
insert into siding.audit (actor, role, action, reason, tenant_id, subject, before, after)
select $2, $4, case when l.tenant_id is null then 'policies.set' else 'tenants.set' end, $3, l.tenant_id,
  coalesce(l.tenant_id, l.name), jsonb_strip_nulls(to_jsonb(b)), jsonb_strip_nulls(to_jsonb(l))
from laid l
left join before b using (name)
