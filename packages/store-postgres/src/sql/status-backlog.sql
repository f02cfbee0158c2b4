-- The backlog: in total, and by tenant for the largest. Counts every pending event, so it alone may take long.
-- $1 how many tenants.
select tenant_id, pending::text as pending,
  to_char(oldest_created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as oldest_created_at,
  (extract(epoch from clock_timestamp() - oldest_created_at) * 1000)::bigint::text as oldest_age_ms,
  lane_reason,
  to_char(resume_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as resume_at,
  sum(pending) over ()::text as pending_total,
  count(*) over ()::text as tenants_total
from siding.backlog
order by siding.backlog.pending desc, tenant_id
limit $1
