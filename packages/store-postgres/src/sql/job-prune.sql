-- A job has no part in shards where it found nothing. $1 job.
delete from siding.job_shard s where s.job_id = $1::uuid and s.asked = 0 and s.asked_waiting = 0
