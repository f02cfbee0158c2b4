-- Shards that are halted, of all tenants on purpose.
select shard::text as shard, halted_reason as reason from siding.shard where halted_reason is not null order by shard
