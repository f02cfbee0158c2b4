-- Dead letters that a plan laid down which does not stand are events like others once more. No lane outlives a recovery: the new cursor goes back behind all that they held, and
-- what they had published is listed. Jobs end too: their bounds are cursors of a history that may be another one now. $1 shard, $2 the number up
-- to which plans stand.
with lanes_gone as (
  delete from siding.lane where shard = $1
),
quotas_gone as (
  delete from siding.quota_use where shard = $1 and batch > $2
),
jobs_ended as (
  update siding.job j
  set cancelled_at = clock_timestamp(), cancelled_by = 'siding recover', cancel_reason = 'the shard was recovered: ask for the rest anew'
  from siding.job_shard s
  where s.shard = $1 and s.ended_at is null and j.job_id = s.job_id and j.cancelled_at is null
  returning j.job_id
),
parts_ended as (
  update siding.job_shard s set ended_at = clock_timestamp() from jobs_ended e where s.job_id = e.job_id and s.ended_at is null
),
steps_gone as (
  delete from siding.job_progress where shard = $1 and batch > $2
),
-- As siding.rule_on_dead; the batch's sums are lost.
gone as (
  delete from siding.failure f using siding.job_progress p, siding.job j
  where p.shard = $1 and p.batch = $2 and j.job_id = p.job_id and f.shard = p.shard and f.seq = any (p.redriven_seqs)
  returning f.seq, j.created_at
),
redriven as (
  insert into siding.redriven (shard, seq, batch, asked_at, at) select $1, gone.seq, $2, gone.created_at, clock_timestamp() from gone
  on conflict (shard, seq) do update
  set batch = excluded.batch, asked_at = excluded.asked_at, at = excluded.at, counted = excluded.counted
),
discarded as (
  update siding.failure f set discarded_by = p.job_id from siding.job_progress p
  where p.shard = $1 and p.batch = $2 and f.shard = p.shard and f.seq = any (p.discarded_seqs)
)
update siding.failure set dead_batch = null, dead_at = null where shard = $1 and dead_batch > $2
