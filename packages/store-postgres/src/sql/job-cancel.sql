-- Ends a job that is still open; what it has published stands. $1 job, $2 actor, $3 reason, $4 the actor's role.
with ended as (
  update siding.job_shard s set ended_at = clock_timestamp() where s.job_id = $1::uuid and s.ended_at is null returning s.job_id
),
cancelled as (
  update siding.job j
  set cancelled_at = clock_timestamp(), cancelled_by = $2, cancel_reason = $3
  where j.job_id = $1::uuid and j.cancelled_at is null and exists (select from ended)
  returning j.job_id, j.tenant_id
),
recorded as (
  insert into siding.audit (actor, role, action, reason, tenant_id, subject)
  select $2, $4, 'jobs.cancel', $3, c.tenant_id, c.job_id::text from cancelled c
)
select job_id::text from cancelled
