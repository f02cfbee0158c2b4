-- What this outbox is, and whether anything was laid out in it.
select d.name, d.shards::int as shards, d.kafka_cluster_id, (select max(version) from siding.migration)::int as schema_version
from siding.deployment d
