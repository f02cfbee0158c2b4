-- How far autovacuum keeps up with Siding's tables.
select c.relname as name, c.reltuples::bigint::text as live, t.n_dead_tup::text as dead,
  (extract(epoch from clock_timestamp() - greatest(t.last_autovacuum, t.last_vacuum)) * 1000)::text as vacuumed_ago_ms,
  age(c.relfrozenxid)::text as xid_age,
  coalesce((select o.option_value from pg_options_to_table(c.reloptions) o where o.option_name = 'autovacuum_enabled'), 'on')
    as autovacuum
from pg_class c
join pg_stat_user_tables t on t.relid = c.oid
where c.relnamespace = 'siding'::regnamespace and c.relkind = 'r'
order by c.relname
