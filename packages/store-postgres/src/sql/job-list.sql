-- Jobs, newest first: by id, which is in the order of time. How far they are is asked of those alone that are shown.
-- $1 one job or null, $2 a tenant or null: all, on purpose; $3 whether only those that are running, $4 how many.
with wanted as materialized (
  select j.job_id
  from siding.job j
  where ($1::uuid is null or j.job_id = $1::uuid) and ($2::text is null or j.tenant_id = $2)
    and (not $3::boolean or (
      j.cancelled_at is null and j.job_id in (select s.job_id from siding.job_shard s where s.ended_at is null)
    ))
  order by j.job_id desc
  limit $4::int
)
select j.job_id::text, j.kind, j.state, j.tenant_id, j.topic, j.key, j.dedupe_key, cardinality(j.event_ids)::text as ids, j.status,
  to_char(j.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
  to_char(j.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until,
  j.events_per_second::text, j.actor, j.reason,
  to_char(j.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  to_char(j.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ended_at,
  j.cancelled_by, j.cancel_reason, j.asked::text, j.asked_waiting::text, j.replayed::text, j.redriven::text, j.discarded::text,
  j.waiting::text, j.failed::text, j.last_error
from wanted w
cross join lateral (select v.* from siding.jobs v where v.job_id = w.job_id offset 0) j
order by w.job_id desc
