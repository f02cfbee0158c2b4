-- Transactions of the whole server that are open for long: what they wrote waits for them, and so does vacuum, everywhere.
-- $1 how long in ms, $2 how many to name.
select a.pid::text as pid, a.datname as database, a.usename as user_name, a.application_name as application, a.state,
  (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::text as age_ms,
  (a.backend_xid is not null)::text as has_written,
  count(*) over ()::text as total
from pg_stat_activity a
where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
  and a.xact_start < clock_timestamp() - $1::float8 * interval '1 ms'
order by a.xact_start
limit $2
