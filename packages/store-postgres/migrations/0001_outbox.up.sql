--! compatible
-- The log, its cursors and the roles. Design §1 (append-only log), §2 (cursor), §4 (plan and promoted number).

-- Roles are the cluster's, not the database's: another database of the same server may have made them already.
do $$
declare
  r text;
begin
  foreach r in array array['siding_owner', 'siding_emitter', 'siding_relay', 'siding_admin'] loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin', r);
      exception when duplicate_object or unique_violation then
        null; -- another database's migration made it at this moment
      end;
    end if;
  end loop;
  -- Handing objects to siding_owner wants membership; a superuser has it already.
  if not pg_has_role(current_user, 'siding_owner', 'member') then
    execute format('grant siding_owner to %I', current_user);
  end if;
end
$$;

-- The schema itself was made by the runner, which keeps its ledger (siding.migration) there.
alter schema siding owner to siding_owner;
grant usage on schema siding to siding_emitter, siding_relay, siding_admin;

-- What a cursor has consumed (design §2): in plain form, the rows with seq <= position that are visible in snapshot;
-- in window form also those with seq <= window_position that are visible in window_snapshot.
-- next_xid was assigned after the snapshot was taken: no row at or below position carries a higher xid.
create type siding.cursor as (
  position bigint,
  snapshot pg_snapshot,
  next_xid xid8,
  window_position bigint,
  window_snapshot pg_snapshot,
  window_next_xid xid8
);

create table siding.deployment (
  singleton boolean primary key default true check (singleton),
  shards smallint not null check (shards between 1 and 1024),
  payload_bytes_max integer not null default 1000000 check (payload_bytes_max > 0),
  -- Pinned by the first relay (design §4, identity). NULL until then.
  name text,
  kafka_cluster_id text,
  system_identifier bigint,
  timeline integer,
  created_at timestamptz not null default clock_timestamp()
);

-- Rule of the log: xid is drawn before seq (defaults are evaluated in column order), so whoever holds a seq below a
-- snapshot's highest one drew its xid before that snapshot was taken. The cursor rests on it. cache 1 keeps seq in the
-- order of drawing across sessions.
create table siding.event (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity (cache 1),
  shard smallint not null,
  bytes integer not null,
  created_at timestamptz not null default clock_timestamp(),
  event_id uuid not null,
  tenant_id text not null,
  dedupe_key text not null,
  topic text not null,
  key text,
  headers jsonb,
  payload text,
  payload_bytes bytea,
  content_type text,
  constraint event_pkey primary key (shard, seq), -- read by the main line: the next page of a shard
  constraint event_dedupe unique (tenant_id, dedupe_key), -- read by enqueue: is this one known already?
  constraint event_one_payload check ((payload is null) <> (payload_bytes is null))
);
-- read by the main line: rows of transactions that were still running when the cursor passed them
create index event_shard_xid on siding.event (shard, xid, seq);
-- The log only grows at its end and shrinks at its start. Frequent, cheap vacuums keep the visibility map current.
alter table siding.event set (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.02);

-- One row a shard: who may publish it (lease and epoch), how far it is (promoted), and what is under way (planned).
create table siding.shard (
  shard smallint primary key,
  owner uuid,
  epoch bigint not null default 0,
  lease_until timestamptz,
  last_batch bigint not null default 0, -- the highest number ever planned; a number is never used twice
  promoted_batch bigint not null default 0,
  promoted_at timestamptz,
  cursor siding.cursor not null,
  planned_batch bigint,
  planned_cursor siding.cursor,
  progress_at timestamptz, -- when Kafka last took this shard's number; NULL: genesis is still to come
  waiting_topic text,
  waiting_reason text,
  halted_reason text,
  constraint shard_plan_whole check ((planned_batch is null) = (planned_cursor is null)),
  constraint shard_numbers_rise check (promoted_batch <= last_batch and planned_batch <= last_batch)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- A relay that is alive; how many there are decides a relay's fair share of shards.
create table siding.relay (
  relay_id uuid primary key,
  host text not null,
  process_id integer not null,
  version text not null,
  schema_version integer not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  alive_until timestamptz not null
);

-- An event that Kafka refused: tried again, or dead. batch is the plan that laid it down; NULL while it is tried again.
create table siding.failure (
  shard smallint not null,
  seq bigint not null,
  attempts integer not null,
  last_error text not null,
  fingerprint text not null,
  retry_at timestamptz not null,
  dead_batch bigint,
  dead_at timestamptz,
  primary key (shard, seq),
  constraint failure_dead_whole check ((dead_batch is null) = (dead_at is null))
);

create function siding.is_consumed(seq bigint, xid xid8, c siding.cursor) returns boolean
  language sql immutable parallel safe
return (seq <= (c).position and pg_visible_in_snapshot(xid, (c).snapshot))
  or ((c).window_position is not null and seq <= (c).window_position and pg_visible_in_snapshot(xid, (c).window_snapshot));

-- The shard of a tenant: the first four bytes of its SHA-256. Not hashtext(), whose values may change with a major version.
create function siding.shard_of(tenant_id text, shards smallint) returns smallint
  language sql immutable parallel safe
return (('x' || encode(substr(sha256(convert_to(tenant_id, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint % shards)::smallint;

create view siding.events with (security_barrier) as
select
  e.event_id,
  e.seq,
  e.tenant_id,
  e.topic,
  e.key,
  e.dedupe_key,
  e.payload::jsonb as payload,
  coalesce(e.headers, '{}'::jsonb) as headers,
  e.created_at,
  case
    when f.dead_batch <= s.promoted_batch then 'dead'
    when siding.is_consumed(e.seq, e.xid, s.cursor) then 'published'
    else 'pending'
  end as status,
  null::text as lane_reason,
  coalesce(f.attempts, 0) as attempts,
  f.last_error,
  e.shard,
  e.content_type,
  e.payload_bytes,
  e.bytes
from siding.event e
join siding.shard s using (shard)
left join siding.failure f using (shard, seq);

-- Only what lies above a cursor, or was invisible to it, is looked at: the primary key and event_shard_xid serve both halves.
create view siding.backlog with (security_barrier) as
select
  p.tenant_id,
  count(*) as pending,
  min(p.created_at) as oldest_created_at,
  null::text as lane_reason,
  null::timestamptz as resume_at
from siding.shard s
cross join lateral (
  select e.tenant_id, e.created_at
  from siding.event e
  where e.shard = s.shard
    and e.seq > (s.cursor).position
  union all
  select e.tenant_id, e.created_at
  from siding.event e
  where e.shard = s.shard
    and e.seq <= (s.cursor).position
    and e.xid >= pg_snapshot_xmin((s.cursor).snapshot)
    and e.xid < (s.cursor).next_xid
    and not siding.is_consumed(e.seq, e.xid, s.cursor)
) p
group by p.tenant_id;

create type siding.enqueued as (event_id uuid, seq bigint, duplicate boolean);

-- Time-ordered ids (RFC 9562, version 7) keep the dedupe index's inserts together; gen_random_uuid supplies the randomness.
create function siding.new_event_id() returns uuid
  language sql volatile parallel safe
return encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;

create function siding.refuse(state text, message text, hint text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = state, message = message, hint = hint;
end
$$;

-- What every way of enqueueing shares: the checks, the row, the duplicate's answer. place says which of many it is.
create function siding.append_event(
  place text, topic text, payload text, payload_bytes bytea, content_type text,
  tenant_id text, dedupe_key text, key text, headers jsonb, event_id uuid
) returns siding.enqueued
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  d siding.deployment;
  id uuid := coalesce(event_id, siding.new_event_id());
  dedupe text := coalesce(dedupe_key, id::text);
  payload_size integer := coalesce(octet_length(payload), octet_length(payload_bytes));
  result siding.enqueued;
begin
  if topic is null or topic = '' then
    perform siding.refuse('SD001', place || 'topic is empty', 'Name the Kafka topic that the event goes to.');
  elsif topic ~ '[^A-Za-z0-9._-]' or length(topic) > 249 or topic in ('.', '..') then
    perform siding.refuse('SD001', place || format('topic %L is not a Kafka topic name', left(topic, 300)),
      'Use 1 to 249 characters of A-Z a-z 0-9 . _ -');
  elsif tenant_id is null or tenant_id = '' then
    perform siding.refuse('SD001', place || 'tenant_id is empty', 'Leave it out for the tenant "default".');
  elsif length(tenant_id) > 255 then
    perform siding.refuse('SD001', place || 'tenant_id is longer than 255 characters', 'Shorten it.');
  elsif length(dedupe) not between 1 and 512 then
    perform siding.refuse('SD001', place || 'dedupe_key must have 1 to 512 characters', 'Leave it out to use the event id, or hash it.');
  elsif length(key) > 2048 then
    perform siding.refuse('SD001', place || 'key is longer than 2048 characters', 'Shorten or hash it.');
  elsif payload_size is null then
    perform siding.refuse('SD001', place || 'payload is NULL', 'Pass a JSON value, or bytes to siding.enqueue_bytes.');
  end if;

  if headers is not null and headers <> '{}' then
    if jsonb_typeof(headers) <> 'object'
      or exists (select from jsonb_each(headers) h where jsonb_typeof(h.value) <> 'string') then
      perform siding.refuse('SD001', place || 'headers must be a JSON object whose values are strings', 'Turn other values into text.');
    elsif headers ?| siding.reserved_headers() then
      perform siding.refuse('SD001',
        place || format('header %L is reserved', (select h from unnest(siding.reserved_headers()) h where headers ? h limit 1)),
        'Siding writes this header itself; choose another name.');
    elsif octet_length(headers::text) > 65536 then
      perform siding.refuse('SD001', place || 'headers are larger than 65536 bytes', 'Move data into the payload.');
    end if;
  end if;

  select * into strict d from siding.deployment;
  if payload_size > d.payload_bytes_max then
    perform siding.refuse('SD001',
      place || format('payload has %s bytes, more than the %s allowed', payload_size, d.payload_bytes_max),
      'Send a reference instead, or raise siding.deployment.payload_bytes_max together with the broker''s message.max.bytes.');
  end if;

  insert into siding.event as e
    (shard, bytes, event_id, tenant_id, dedupe_key, topic, key, headers, payload, payload_bytes, content_type)
  values (
    siding.shard_of(tenant_id, d.shards),
    payload_size + octet_length(coalesce(headers::text, '')) + octet_length(coalesce(key, tenant_id || ':' || dedupe)),
    id, tenant_id, dedupe, topic, key, nullif(headers, '{}'), payload, payload_bytes, content_type
  )
  on conflict on constraint event_dedupe do nothing
  returning e.event_id, e.seq, false into result;
  if result.seq is null then
    select e.event_id, e.seq, true into strict result
    from siding.event e
    where e.tenant_id = append_event.tenant_id and e.dedupe_key = dedupe;
  end if;
  return result;
end
$$;

create function siding.reserved_headers() returns text[]
  language sql immutable parallel safe
return array['tenant-id', 'dedupe-key', 'event-id', 'event-topic', 'event-created-at', 'retry-count',
  'processing-attempt', 'x-timestamp-ms', 'x-schema-version', 'x-producer-id', 'replay-job-id'];

create function siding.enqueue(
  topic text, payload jsonb, tenant_id text default 'default', dedupe_key text default null, key text default null,
  headers jsonb default '{}', event_id uuid default null
) returns siding.enqueued
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return siding.append_event('', topic, payload::text, null, 'application/json', tenant_id, dedupe_key, key, headers, event_id);
end
$$;

create function siding.enqueue_bytes(
  topic text, payload bytea, content_type text, tenant_id text default 'default', dedupe_key text default null,
  key text default null, headers jsonb default '{}', event_id uuid default null
) returns siding.enqueued
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return siding.append_event('', topic, null, payload, content_type, tenant_id, dedupe_key, key, headers, event_id);
end
$$;

create function siding.enqueue_many(events jsonb) returns setof siding.enqueued
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  e jsonb;
  place bigint;
  stray text;
begin
  if events is null or jsonb_typeof(events) <> 'array' then
    perform siding.refuse('SD001', 'events must be a JSON array', 'Pass an array of objects, one an event.');
  end if;
  for e, place in select a.value, a.ordinality - 1 from jsonb_array_elements(events) with ordinality a loop
    if jsonb_typeof(e) <> 'object' then
      perform siding.refuse('SD001', format('events[%s] is not an object', place), 'Each event is an object.');
    end if;
    select k into stray from jsonb_object_keys(e) k
      where k not in ('topic', 'payload', 'tenant_id', 'dedupe_key', 'key', 'headers', 'event_id') limit 1;
    if stray is not null then
      perform siding.refuse('SD001', format('events[%s] has the unknown key %L', place, stray),
        'Allowed: topic, payload, tenant_id, dedupe_key, key, headers, event_id.');
    end if;
    if e ->> 'event_id' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
      perform siding.refuse('SD001', format('events[%s]: event_id is not a UUID', place), 'Leave it out to have one made.');
    end if;
    return next siding.append_event(
      format('events[%s]: ', place), e ->> 'topic', (e -> 'payload')::text, null, 'application/json',
      coalesce(e ->> 'tenant_id', 'default'), e ->> 'dedupe_key', e ->> 'key', nullif(e -> 'headers', 'null'),
      (e ->> 'event_id')::uuid);
  end loop;
end
$$;

-- PUBLIC may execute a new function unless that is taken back: append_event must never be called by a client.
revoke execute on all functions in schema siding from public;
grant execute on function
  siding.enqueue(text, jsonb, text, text, text, jsonb, uuid),
  siding.enqueue_bytes(text, bytea, text, text, text, text, jsonb, uuid),
  siding.enqueue_many(jsonb)
  to siding_emitter;
grant execute on function siding.is_consumed(bigint, xid8, siding.cursor) to siding_relay, siding_admin;

grant select on siding.migration, siding.deployment, siding.shard, siding.event, siding.failure, siding.relay, siding.events, siding.backlog
  to siding_relay, siding_admin;
grant update (name, kafka_cluster_id, system_identifier, timeline) on siding.deployment to siding_relay;
grant update on siding.shard to siding_relay;
grant insert, update, delete on siding.failure, siding.relay to siding_relay;
grant delete on siding.event to siding_relay;

do $$
declare
  object regclass;
  routine regprocedure;
begin
  for object in select c.oid from pg_class c where c.relnamespace = 'siding'::regnamespace and c.relkind in ('r', 'v') loop
    execute format('alter table %s owner to siding_owner', object);
  end loop;
  for routine in select p.oid from pg_proc p where p.pronamespace = 'siding'::regnamespace loop
    execute format('alter function %s owner to siding_owner', routine);
  end loop;
  alter type siding.cursor owner to siding_owner;
  alter type siding.enqueued owner to siding_owner;
end
$$;
