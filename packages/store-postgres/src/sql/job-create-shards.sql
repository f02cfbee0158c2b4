-- A job's part of each shard that it concerns, bounded by the cursor as it is promoted now. $1 job.
insert into siding.job_shard (job_id, shard, upto, upto_batch, seqs)
select j.job_id, s.shard, s.cursor, s.promoted_batch,
  case when j.event_ids is not null then coalesce((
    select array_agg(e.seq order by e.seq) from siding.event e where e.event_id = any (j.event_ids) and e.shard = s.shard
  ), '{}')
  when j.dedupe_key is not null and j.tenant_id is not null then array(
    select e.seq from siding.event e where e.tenant_id = j.tenant_id and e.dedupe_key = j.dedupe_key and e.shard = s.shard
  ) end
from siding.job j
cross join siding.deployment d
join siding.shard s on j.tenant_id is null or s.shard = siding.shard_of(j.tenant_id, d.shards)
where j.job_id = $1::uuid
