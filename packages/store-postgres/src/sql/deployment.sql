-- Pinned identity beside the server's own (design §4), and whether this is a standby, from which nothing may be read.
-- The timeline is the one being written now, as the first eight digits of a WAL file's name: pg_control would still show
-- the old one until the first checkpoint after a promotion.
-- $1 the newest migration that this release knows: a later one matters to it only where it is breaking.
select pg_is_in_recovery()::int::text, (select max(version) from siding.migration where version <= $1 or is_breaking), d.shards, d.name, d.kafka_cluster_id,
  d.system_identifier::text, d.timeline, s.system_identifier::text,
  case when not pg_is_in_recovery() then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end
from siding.deployment d, pg_control_system() s
