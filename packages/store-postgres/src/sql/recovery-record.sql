-- $1 shard, $2 verdict, $3 reason, $4 actor, $5 before, $6 after.
insert into siding.recovery (shard, verdict, reason, actor, before, after)
values ($1, $2, $3, $4, $5::jsonb, $6::jsonb)
returning recovery_id::text
