-- What is laid out here, what it is pinned to, and the server's own identity (see deployment.sql).
select (select max(version) from siding.migration)::text as version,
  d.name, d.shards::text as shards, d.payload_bytes_max::text as payload_bytes_max, d.kafka_cluster_id,
  d.system_identifier::text as pinned_system, d.timeline::text as pinned_timeline,
  s.system_identifier::text as system_identifier,
  case when not pg_is_in_recovery()
    then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text end as timeline,
  (select count(*) from siding.relay where alive_until >= clock_timestamp())::text as relays_alive
from siding.deployment d, pg_control_system() s
