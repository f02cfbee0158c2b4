-- Rights of the roles that are missing, as after a restore without privileges. What a role or an object itself lacks is
-- reported elsewhere, and no right here. From the catalogs, since a name is resolved only for who may use the schema.
with granted (role, privilege, objects) as (
  values
    ('siding_relay', 'select', 'migration deployment event shard failure relay events backlog already_published recovery'),
    ('siding_relay', 'select', 'published_span published_sum lane lanes quota_use policy pause policy_version gate usage'),
    ('siding_relay', 'select', 'trim_point job job_shard job_lane job_progress jobs redriven'),
    ('siding_relay', 'insert', 'failure relay published_span published_sum lane quota_use gate trim_point job_progress redriven'),
    ('siding_relay', 'update', 'shard failure relay published_span published_sum lane quota_use gate job_progress redriven'),
    ('siding_relay', 'delete', 'event failure relay already_published published_span published_sum lane quota_use'),
    ('siding_relay', 'delete', 'gate trim_point job job_progress redriven'),
    ('siding_relay', 'update (name, kafka_cluster_id, system_identifier, timeline)', 'deployment'),
    ('siding_relay', 'update (is_floor)', 'trim_point'),
    ('siding_relay', 'update (ended_at)', 'job_shard'),
    ('siding_admin', 'select', 'migration deployment event shard failure relay events backlog already_published recovery'),
    ('siding_admin', 'select', 'published_span published_sum lane lanes quota_use policy pause policy_version gate usage'),
    ('siding_admin', 'select', 'trim_point admin_token audit job job_shard job_lane job_progress jobs redriven'),
    ('siding_admin', 'insert', 'already_published recovery policy pause gate admin_token audit job job_shard job_lane redriven'),
    ('siding_admin', 'update', 'shard policy pause gate policy_version redriven'),
    ('siding_admin', 'delete', 'already_published lane quota_use policy pause gate failure job_shard job_progress'),
    ('siding_admin', 'update (name, kafka_cluster_id, system_identifier, timeline)', 'deployment'),
    ('siding_admin', 'update (dead_batch, dead_at, discarded_by)', 'failure'),
    ('siding_admin', 'update (finished_at)', 'recovery'),
    ('siding_admin', 'update (revoked_at, revoked_by)', 'admin_token'),
    ('siding_admin', 'update (cancelled_at, cancelled_by, cancel_reason)', 'job'),
    ('siding_admin', 'update (asked, asked_waiting, ended_at)', 'job_shard'),
    ('siding_tenant', 'select', 'event failure audit lane already_published deployment migration'),
    ('siding_tenant', 'select (shard, cursor, promoted_batch, halted_reason)', 'shard')
),
needed as (
  select g.role, g.privilege, split_part(g.privilege, ' ', 1) as act, o.object,
    string_to_array(substring(g.privilege from '\((.*)\)'), ', ') as columns
  from granted g
  cross join unnest(string_to_array(g.objects, ' ')) as o (object)
),
home as (
  select n.oid from pg_namespace n where n.nspname = 'siding'
)
select r.rolname as role, n.privilege, 'siding.' || n.object as object
from needed n
join pg_roles r on r.rolname = n.role
join home on true
join pg_class c on c.relnamespace = home.oid and c.relname = n.object
where not has_table_privilege(r.oid, c.oid, n.act)
  and (n.columns is null or exists (
    select from pg_attribute a
    where a.attrelid = c.oid and a.attname = any (n.columns) and not has_column_privilege(r.oid, c.oid, a.attnum, n.act)
  ))
union all
select r.rolname, 'execute', 'function siding.' || p.proname
from home
join pg_proc p on p.pronamespace = home.oid and p.proname in ('enqueue', 'enqueue_bytes', 'enqueue_many')
join pg_roles r on r.rolname = 'siding_emitter'
where not has_function_privilege(r.oid, p.oid, 'execute')
union all
select r.rolname, 'usage', 'schema siding'
from home
join pg_roles r on r.rolname in ('siding_relay', 'siding_admin', 'siding_emitter', 'siding_tenant')
where not has_schema_privilege(r.oid, home.oid, 'usage')
