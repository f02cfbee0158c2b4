-- Rights of the roles that are missing, as after a restore without privileges. What a role or an object itself lacks is
-- reported elsewhere, and no right here. From the catalogs, since a name is resolved only for who may use the schema.
with needed (role, object, privilege) as (
  values
    ('siding_relay', 'migration', 'select'), ('siding_relay', 'deployment', 'select'),
    ('siding_relay', 'event', 'select'), ('siding_relay', 'shard', 'select'), ('siding_relay', 'shard', 'update'),
    ('siding_relay', 'failure', 'select'), ('siding_relay', 'failure', 'insert'), ('siding_relay', 'failure', 'update'),
    ('siding_relay', 'failure', 'delete'), ('siding_relay', 'relay', 'select'), ('siding_relay', 'relay', 'insert'),
    ('siding_relay', 'relay', 'update'), ('siding_relay', 'relay', 'delete'),
    ('siding_relay', 'already_published', 'select'), ('siding_relay', 'already_published', 'delete'),
    ('siding_relay', 'published_span', 'insert'), ('siding_relay', 'published_span', 'update'),
    ('siding_relay', 'published_sum', 'insert'), ('siding_relay', 'published_sum', 'update'),
    ('siding_relay', 'lane', 'select'), ('siding_relay', 'lane', 'insert'), ('siding_relay', 'lane', 'delete'),
    ('siding_relay', 'quota_use', 'select'), ('siding_relay', 'quota_use', 'insert'), ('siding_relay', 'quota_use', 'delete'),
    ('siding_admin', 'lane', 'select'), ('siding_admin', 'lanes', 'select'),
    ('siding_admin', 'migration', 'select'), ('siding_admin', 'deployment', 'select'), ('siding_admin', 'event', 'select'),
    ('siding_admin', 'shard', 'select'), ('siding_admin', 'shard', 'update'), ('siding_admin', 'failure', 'select'),
    ('siding_admin', 'relay', 'select'), ('siding_admin', 'already_published', 'select'),
    ('siding_admin', 'already_published', 'insert'), ('siding_admin', 'recovery', 'insert')
),
home as (
  select n.oid from pg_namespace n where n.nspname = 'siding'
)
select r.rolname as role, n.privilege, 'siding.' || n.object as object
from needed n
join pg_roles r on r.rolname = n.role
join home on true
join pg_class c on c.relnamespace = home.oid and c.relname = n.object
where not has_table_privilege(r.oid, c.oid, n.privilege)
union all
select r.rolname, 'execute', 'function siding.' || p.proname
from home
join pg_proc p on p.pronamespace = home.oid and p.proname in ('enqueue', 'enqueue_bytes', 'enqueue_many')
join pg_roles r on r.rolname = 'siding_emitter'
where not has_function_privilege(r.oid, p.oid, 'execute')
union all
select r.rolname, 'usage', 'schema siding'
from home
join pg_roles r on r.rolname in ('siding_relay', 'siding_admin', 'siding_emitter')
where not has_schema_privilege(r.oid, home.oid, 'usage')
