--! compatible
-- Who may use the admin API, what was changed and why, and Postgres' own wall between tenants.

-- What a token that is bound to tenants reads with. siding_admin may put it on, and it holds nothing beyond its tenants.
do $$
declare
  attempts integer := 0;
begin
  if not exists (select from pg_roles where rolname = 'siding_tenant') then
    begin
      create role siding_tenant nologin;
    exception when duplicate_object or unique_violation then
      null; -- another database's migration made it at this moment
    end;
  end if;
  while not pg_has_role('siding_admin', 'siding_tenant', 'member') loop
    begin
      grant siding_tenant to siding_admin;
    exception when unique_violation or internal_error then
      -- another database's migration is granting it: its row is there once that has committed
      attempts := attempts + 1;
      if attempts = 50 then raise; end if;
      perform pg_sleep(0.1);
    end;
  end loop;
end
$$;
grant usage on schema siding to siding_tenant;

-- A token is 256 random bits, so its SHA-256 tells nothing and needs neither salt nor stretching: there is no dictionary
-- of such numbers. The prefix is its public name.
create table siding.admin_token (
  prefix text primary key check (prefix ~ '^[0-9a-f]{12}$'),
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  name text not null check (length(name) between 1 and 100),
  role text not null check (role in ('viewer', 'operator', 'admin')),
  tenants text[] check (cardinality(tenants) between 1 and 100 and array_position(tenants, null) is null), -- NULL: all of them
  may_see_payload boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  constraint admin_token_revoked_whole check ((revoked_at is null) = (revoked_by is null))
);

-- Every change of an operator, written in the transaction that makes it: neither is there without the other.
create table siding.audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  role text not null,
  action text not null,
  reason text not null check (length(reason) between 1 and 1000),
  tenant_id text, -- NULL: it concerns no one tenant
  subject text not null, -- what was changed: a token's prefix, a tenant, a job
  before jsonb,
  after jsonb,
  database_user text not null default session_user
);
-- read by a tenant's audit list, newest first
create index audit_by_tenant on siding.audit (tenant_id, audit_id) where tenant_id is not null;

create function siding.refuse_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = '42501', message = format('siding.%s is append-only', tg_table_name),
    hint = 'What was done is undone by another change, which is recorded as well.';
end
$$;
revoke execute on function siding.refuse_change() from public;
create trigger audit_is_append_only before update or delete or truncate on siding.audit
  for each statement execute function siding.refuse_change();

grant select on siding.admin_token, siding.audit to siding_admin;
grant insert on siding.admin_token, siding.audit to siding_admin;
grant update (revoked_at, revoked_by) on siding.admin_token to siding_admin;

-- The second wall: whatever a statement forgets to ask, siding_tenant sees the tenants of `siding.tenants` alone, and none
-- where it is not set. The owner, and with it enqueueing and the views, is not subject to policies; for relays and
-- administrators they are the constant true, which the planner takes out of their statements.
alter table siding.event enable row level security;
alter table siding.failure enable row level security;
alter table siding.audit enable row level security;
alter table siding.lane enable row level security;

create policy every_tenant on siding.event to siding_relay, siding_admin using (true);
create policy every_tenant on siding.failure to siding_relay, siding_admin using (true) with check (true);
create policy every_tenant on siding.audit to siding_admin using (true) with check (true);
create policy every_tenant on siding.lane to siding_relay, siding_admin using (true) with check (true);

-- The sub-select is asked once a statement, not once a row.
create policy own_tenants on siding.event for select to siding_tenant
  using (tenant_id = any ((select nullif(current_setting('siding.tenants', true), '')::text[])::text[]));
create policy own_tenants on siding.failure for select to siding_tenant
  using (exists (select from siding.event e where e.shard = failure.shard and e.seq = failure.seq));
create policy own_tenants on siding.audit for select to siding_tenant
  using (tenant_id = any ((select nullif(current_setting('siding.tenants', true), '')::text[])::text[]));
-- A lane without a tenant holds a topic's events, of whoever they are: it says nothing of a tenant.
create policy own_tenants on siding.lane for select to siding_tenant
  using (tenant_id is null or tenant_id = any ((select nullif(current_setting('siding.tenants', true), '')::text[])::text[]));

grant select on siding.event, siding.failure, siding.audit, siding.lane, siding.already_published, siding.deployment, siding.migration
  to siding_tenant;
grant select (shard, cursor, promoted_batch, halted_reason) on siding.shard to siding_tenant;
grant execute on function
  siding.event_status(bigint, xid8, siding.cursor, bigint, bigint, boolean),
  siding.is_consumed(bigint, xid8, siding.cursor),
  siding.shard_of(text, smallint),
  siding.line_of(smallint, text, text, text, bigint, bigint),
  siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor),
  siding.lane_backlog(smallint)
  to siding_tenant;

alter table siding.admin_token owner to siding_owner;
alter table siding.audit owner to siding_owner;
alter function siding.refuse_change() owner to siding_owner;
