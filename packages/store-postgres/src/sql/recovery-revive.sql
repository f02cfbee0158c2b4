-- Dead letters that a plan laid down which does not stand are events like others once more. $1 shard, $2 the number up
-- to which plans stand.
update siding.failure set dead_batch = null, dead_at = null where shard = $1 and dead_batch > $2
