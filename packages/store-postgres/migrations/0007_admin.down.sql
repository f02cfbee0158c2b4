-- Tokens are forgotten, and what was recorded of changes with them. The role stays: other databases may use it.
drop policy own_tenants on siding.lane;
drop policy every_tenant on siding.lane;
alter table siding.lane disable row level security;
drop policy own_tenants on siding.failure;
drop policy own_tenants on siding.event;
drop policy every_tenant on siding.failure;
drop policy every_tenant on siding.event;
alter table siding.failure disable row level security;
alter table siding.event disable row level security;
drop table siding.audit, siding.admin_token;
drop function siding.refuse_change();
revoke all on all tables in schema siding from siding_tenant;
revoke select (shard, cursor, promoted_batch, halted_reason) on siding.shard from siding_tenant;
revoke all on all functions in schema siding from siding_tenant;
revoke usage on schema siding from siding_tenant;
