-- The list of what is already published is made anew by each recovery. $1 shard.
delete from siding.already_published where shard = $1
