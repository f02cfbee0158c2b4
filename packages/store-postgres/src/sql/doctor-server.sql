-- The server as its own user sees it: version, settings that the promises rest on, and how full it is. Read before any
-- role is taken on: a role would not see other users' sessions. $1 names of settings, $2 names of roles.
select current_user as user_name,
  current_setting('server_version_num') as version_number,
  current_setting('server_version') as version,
  pg_is_in_recovery()::text as is_standby,
  (select jsonb_object_agg(s.name, current_setting(s.name, true)) from unnest($1::text[]) s (name))::text as settings,
  (select count(*) from pg_stat_activity where backend_type = 'client backend')::text as connections,
  (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0))::text as connections_max,
  (select pg_has_role(r.oid, 'pg_read_all_stats', 'usage') or r.rolsuper from pg_roles r where r.rolname = current_user)::text
    as sees_all,
  (select jsonb_agg(r.rolname) from pg_roles r where r.rolname = any ($2::text[]))::text as roles,
  (select max(age(datfrozenxid)) from pg_database)::text as oldest_xid_age,
  exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'siding' and c.relname = 'migration'
  )::text as is_laid_out
