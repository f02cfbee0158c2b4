-- The lanes that stand as a job is made, where they may hold what it asks for. $1 job.
insert into siding.job_lane (job_id, shard, tenant_id, topic, key, seq, cursor)
select s.job_id, l.shard, l.tenant_id, l.topic, l.key, l.seq, l.cursor
from siding.job_shard s
join siding.job j on j.job_id = s.job_id
join siding.lanes l on l.shard = s.shard and (j.tenant_id is null or l.tenant_id is null or l.tenant_id = j.tenant_id)
where s.job_id = $1::uuid
