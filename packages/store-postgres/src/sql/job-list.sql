-- Jobs, newest first. $1 one job or null, $2 a tenant or null: all, on purpose; $3 whether only those that are running, $4 how many.
select job_id::text, kind, state, tenant_id, topic, key, dedupe_key, cardinality(event_ids)::text as ids, status,
  to_char(since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
  to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until,
  events_per_second::text, actor, reason,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ended_at,
  cancelled_by, cancel_reason, asked::text, asked_waiting::text, replayed::text, redriven::text, discarded::text, waiting::text,
  failed::text, last_error
from siding.jobs
where ($1::uuid is null or job_id = $1::uuid) and ($2::text is null or tenant_id = $2) and (not $3::boolean or state = 'running')
order by siding.jobs.created_at desc, job_id desc
limit $4::int
