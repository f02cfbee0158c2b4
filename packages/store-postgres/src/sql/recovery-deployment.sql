-- The pinned identity beside the server's own, and who is alive that would not heed what a recovery writes.
-- $1 the schema version from which on relays pass what is already published.
select (select max(version) from siding.migration)::text as schema_version, pg_is_in_recovery()::text as is_standby,
  d.shards::text as shards, d.name, d.kafka_cluster_id, d.system_identifier::text as pinned_system, d.timeline::text as pinned_timeline,
  s.system_identifier::text as system,
  case when not pg_is_in_recovery() then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text end as timeline,
  (
    select string_agg(r.host || ' (process ' || r.process_id || ', release ' || r.version || ')', ', ')
    from siding.relay r
    where r.alive_until >= clock_timestamp() and r.schema_version < $1
  ) as old_relays
from siding.deployment d, pg_control_system() s
