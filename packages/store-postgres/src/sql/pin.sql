-- Pins the identity where none is pinned yet; whoever comes second gets what the first one pinned.
-- $1 deployment, $2 Kafka's cluster id, $3 system identifier, $4 timeline.
update siding.deployment
set name = coalesce(name, $1), kafka_cluster_id = coalesce(kafka_cluster_id, $2),
  system_identifier = coalesce(system_identifier, $3), timeline = coalesce(timeline, $4)
returning name, kafka_cluster_id, system_identifier::text, timeline
