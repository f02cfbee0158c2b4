-- Replication slots, and how much WAL each keeps. Siding makes none, but a full disk stops its database like any other's.
select s.slot_name as name, s.slot_type as kind, s.active::text as is_active, s.wal_status,
  pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::text as kept_bytes
from pg_replication_slots s
order by pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) desc nulls last
