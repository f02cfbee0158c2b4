-- Ends a job that is still open; what it has published stands. $1 job, $2 actor, $3 reason.
with ended as (
  update siding.job_shard s set ended_at = clock_timestamp() where s.job_id = $1::uuid and s.ended_at is null returning s.job_id
)
update siding.job j
set cancelled_at = clock_timestamp(), cancelled_by = $2, cancel_reason = $3
where j.job_id = $1::uuid and j.cancelled_at is null and exists (select from ended)
returning j.job_id::text
