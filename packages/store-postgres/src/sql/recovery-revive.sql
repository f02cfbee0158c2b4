-- Dead letters that a plan laid down which does not stand are events like others once more. No lane outlives a recovery: the new cursor goes back behind all that they held, and
-- what they had published is listed. $1 shard, $2 the number up
-- to which plans stand.
with lanes_gone as (
  delete from siding.lane where shard = $1
),
quotas_gone as (
  delete from siding.quota_use where shard = $1 and batch > $2
)
update siding.failure set dead_batch = null, dead_at = null where shard = $1 and dead_batch > $2
