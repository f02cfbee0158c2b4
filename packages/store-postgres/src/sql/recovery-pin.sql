-- Pins the servers as they are now. $1 Kafka's cluster id, $2 system identifier, $3 timeline.
update siding.deployment set kafka_cluster_id = $1, system_identifier = $2, timeline = $3
