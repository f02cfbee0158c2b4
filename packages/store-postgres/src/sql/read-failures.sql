-- The shard's events that Kafka has refused and that are not dead. $1 shard.
select seq::text, attempts, last_error, fingerprint,
  greatest(0, extract(epoch from retry_at - clock_timestamp()) * 1000)::int
from siding.failure
where shard = $1 and dead_batch is null
