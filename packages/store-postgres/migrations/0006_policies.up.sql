--! compatible
-- What holds for a tenant, who may enqueue, and how long what was published is kept.

-- What an operator lays down for a tenant, for tenants whose name has a shape, or for a stable part of all. Every field
-- may be NULL: this policy does not speak of it, a broader one or the default does (packages/core/src/policy).
-- A limit or cap of 0 says "none".
create table siding.policy (
  name text primary key,
  tenant_id text,
  pattern text,
  percent numeric(6, 3),
  priority integer not null default 0,
  quota boolean,
  quota_events bigint,
  quota_events_window_ms bigint,
  quota_events_burst bigint,
  quota_bytes bigint,
  quota_bytes_window_ms bigint,
  quota_bytes_burst bigint,
  quota_mode text,
  warn_at numeric(5, 4),
  fair_share boolean,
  batch_limit integer,
  weight numeric(9, 3),
  breaker boolean,
  breaker_failures integer,
  breaker_cool_down_ms bigint,
  breaker_cool_down_max_ms bigint,
  retry text,
  replay boolean,
  backpressure boolean,
  backlog_max bigint,
  blocked boolean,
  actor text not null,
  reason text not null,
  changed_at timestamptz not null default clock_timestamp(),
  constraint policy_one_match check (num_nonnulls(tenant_id, pattern, percent) = 1),
  -- A tenant's own policy is named for it, so that there is one; every other name is an operator's.
  constraint policy_name check (
    case when tenant_id is not null then name = 'tenant/' || tenant_id else name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' end
  ),
  constraint policy_match_fits check (
    length(tenant_id) between 1 and 255 or length(pattern) between 1 and 255 or percent between 0 and 100
  ),
  constraint policy_priority_fits check (priority between -1000000 and 1000000),
  -- Whole numbers stay exact in JSON; a unit of a limit takes a nanosecond at least (packages/core/src/quota/limit.ts).
  constraint policy_quota_events_fits check (
    (quota_events is null) = (quota_events_window_ms is null) and (quota_events is not null or quota_events_burst is null)
    and quota_events between 0 and 1000000000 and quota_events_window_ms between 1 and 31536000000
    and coalesce(quota_events_burst, 1) between 1 and 1000000000
    and quota_events::numeric <= quota_events_window_ms::numeric * 1000000
  ),
  constraint policy_quota_bytes_fits check (
    (quota_bytes is null) = (quota_bytes_window_ms is null) and (quota_bytes is not null or quota_bytes_burst is null)
    and quota_bytes between 0 and 1000000000000 and quota_bytes_window_ms between 1 and 31536000000
    and coalesce(quota_bytes_burst, 1) between 1 and 1000000000000
    and quota_bytes::numeric <= quota_bytes_window_ms::numeric * 1000000
  ),
  constraint policy_quota_mode_known check (quota_mode in ('enforce', 'observe')),
  constraint policy_warn_at_fits check (warn_at between 0 and 1),
  constraint policy_batch_limit_fits check (batch_limit between 1 and 100000),
  constraint policy_weight_fits check (weight between 0.001 and 100000),
  constraint policy_breaker_fits check (
    coalesce(breaker_failures, 1) between 1 and 1000 and coalesce(breaker_cool_down_ms, 1) between 1 and 86400000
    and coalesce(breaker_cool_down_max_ms, 1) between 1 and 86400000
  ),
  constraint policy_retry_known check (retry in ('order-first', 'flow-first')),
  constraint policy_backlog_max_fits check (backlog_max between 0 and 1000000000)
);

-- Somebody stopped a tenant: its events are still stored, none is published until the time, or until it is resumed.
create table siding.pause (
  tenant_id text primary key check (length(tenant_id) between 1 and 255),
  actor text not null,
  reason text not null,
  paused_at timestamptz not null default clock_timestamp(),
  until timestamptz
);

-- Counts changes of both, whoever makes them: a relay asks for this one number, and reads the rest when it differs.
create table siding.policy_version (
  singleton boolean primary key default true check (singleton),
  version bigint not null default 1
) with (fillfactor = 20);
insert into siding.policy_version default values;

create function siding.note_policy_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  update siding.policy_version set version = version + 1;
  return null;
end
$$;
revoke execute on function siding.note_policy_change() from public;
create trigger note_policy_change after insert or update or delete on siding.policy
  for each statement execute function siding.note_policy_change();
create trigger note_policy_change after insert or update or delete on siding.pause
  for each statement execute function siding.note_policy_change();

-- What enqueue holds a tenant to, settled from its policies. A row only for tenants that are capped or blocked.
create table siding.gate (
  tenant_id text primary key,
  blocked boolean not null,
  backlog_max bigint,
  constraint gate_needed check (blocked or backlog_max is not null)
);

-- Which tenants may have a gate, in the one row that enqueue reads anyway: a bit for each hash of a tenant. Who has none
-- does not pay for those who have. NULL: nobody has one.
alter table siding.deployment add column gate_filter bit(4096);

create function siding.note_gates() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The lock first: whoever holds it may be adding a gate that only a later statement sees.
  perform from siding.deployment for update;
  update siding.deployment set gate_filter = (
    select bit_or(set_bit(repeat('0', 4096)::bit(4096), hashtext(g.tenant_id) & 4095, 1)) from siding.gate g
  );
  return null;
end
$$;
revoke execute on function siding.note_gates() from public;
create trigger note_gates after insert or update or delete on siding.gate
  for each statement execute function siding.note_gates();

-- A sample of the log, so that a long backlog is estimated by a short count (docs/decisions/0010-backpressure.md): an
-- event is in it under the lowest bit that its number's hash has set, from 8 up. One event in 16 is under 8, one in 32
-- under 16, and so on; one in 8 is in it at all, so that enqueueing hardly pays for it.
-- read by enqueue for a capped tenant: how many of its events lie behind the cursor
create index event_sample on siding.event (tenant_id, (hashint8(seq)::bigint & -(hashint8(seq)::bigint)), seq)
  where hashint8(seq) & 7 = 0;

-- Whether so many events of a tenant are pending. Reads committed rows and the caller's own, waits for nobody, and
-- counts 1,000 index entries at most whatever the cap is. Late rows below the cursor are not counted: there are few.
create function siding.is_backlog_full(of_tenant text, of_shard smallint, backlog_max bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  behind bigint;
  bit bigint := 8;
  counted bigint;
begin
  -- The tenant's own lane is behind the main line. Lanes of its topics and keys are not looked at: they hold part of it.
  select least((s.cursor).position, min((l.cursor).position)) into strict behind
  from siding.shard s
  left join siding.lane l on l.shard = s.shard and l.tenant_id = of_tenant and l.batch <= s.promoted_batch
    and l.topic is null and l.key is null and l.seq is null
  where s.shard = of_shard
  group by (s.cursor).position;
  -- All tenants together have numbers enough for it only then; this is all that most calls look at.
  if (select q.last_value from siding.event_seq_seq q) - behind < backlog_max then
    return false;
  end if;
  if backlog_max <= 1000 then
    select count(*) into counted
    from (select from siding.event e where e.tenant_id = of_tenant and e.seq > behind limit backlog_max) pending;
    return counted >= backlog_max;
  end if;
  -- Halved until 500 samples or fewer stand for the cap.
  while backlog_max > 1000 * bit loop
    bit := bit * 2;
  end loop;
  select count(*) into counted
  from (
    select from siding.event e
    where e.tenant_id = of_tenant and hashint8(e.seq)::bigint & -(hashint8(e.seq)::bigint) = bit and hashint8(e.seq) & 7 = 0
      and e.seq > behind
    limit 1 + backlog_max / (2 * bit)
  ) pending;
  return counted * 2 * bit >= backlog_max;
end
$$;
revoke execute on function siding.is_backlog_full(text, smallint, bigint) from public;

-- As before, asks the tenant's gate where the filter says that it may have one, and refuses an empty key. It sets no
-- search_path of its own: the functions that call it have one, nobody else may, and a second one costs every event.
create or replace function siding.append_event(
  place text, topic text, payload text, payload_bytes bytea, content_type text,
  tenant_id text, dedupe_key text, key text, headers jsonb, event_id uuid
) returns siding.enqueued
  language plpgsql
as $$
#variable_conflict use_variable
declare
  d siding.deployment;
  gate siding.gate;
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
  elsif key = '' then
    perform siding.refuse('SD001', place || 'key is empty', 'Leave it out where order does not matter.');
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

  if get_bit(d.gate_filter, hashtext(tenant_id) & 4095) = 1 then
    select * into gate from siding.gate g where g.tenant_id = append_event.tenant_id;
    if gate.blocked then
      perform siding.refuse('SD003', place || format('tenant %L is blocked from enqueueing', tenant_id),
        'An operator blocked it; `siding tenants set TENANT --no-blocked` lets it enqueue again.');
    elsif gate.backlog_max is not null
      and siding.is_backlog_full(tenant_id, siding.shard_of(tenant_id, d.shards), gate.backlog_max) then
      -- Said again it adds nothing: whoever repeats a call after a lost answer gets that answer.
      select e.event_id, e.seq, true into result from siding.event e
      where e.tenant_id = append_event.tenant_id and e.dedupe_key = dedupe;
      if result.seq is null then
        perform siding.refuse('SD002',
          place || format('tenant %L has reached its cap of %s pending events', tenant_id, gate.backlog_max),
          'Try again when some are published; `siding tenants show TENANT` says what they wait for.');
      end if;
      return result;
    end if;
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

-- How far every line of a shard was at a moment. When retention has passed since, what they had consumed then was
-- published so long ago, and may go: a lane's events long after the main line passed them.
create type siding.trim_lane as (tenant_id text, topic text, cursor siding.cursor);
create table siding.trim_point (
  shard smallint not null,
  at timestamptz not null default clock_timestamp(),
  cursor siding.cursor not null,
  lanes siding.trim_lane[] not null,
  is_floor boolean not null default false, -- rows below it may be gone already
  primary key (shard, at)
);

-- The floor of retention: how the shard's lines stood when the newest point was made that is older than so many ms. No
-- row that any of them had not consumed then may go. Whoever reads the log behind its lines lowers it here.
create function siding.retention_floor(of_shard smallint, retention_ms bigint) returns siding.trim_point
  language sql stable
  set search_path = pg_catalog, pg_temp
return (
  select p from siding.trim_point p
  where p.shard = of_shard and p.at <= clock_timestamp() - retention_ms * interval '1 ms'
  order by p.at desc
  limit 1
);
revoke execute on function siding.retention_floor(smallint, bigint) from public;
grant execute on function siding.retention_floor(smallint, bigint) to siding_relay, siding_admin;

-- Who waits, why and until when, and what was used: for tenants with a backlog, a pause, a gate or a quota in use.
-- *_paid_until: when all that went would have gone at the quota's pace (packages/core/src/quota/limit.ts).
create view siding.usage with (security_barrier) as
with used as (
  select distinct on (u.tenant_id) u.tenant_id, u.events_until, u.bytes_until
  from siding.quota_use q
  join siding.shard s on s.shard = q.shard and q.batch <= s.promoted_batch
  cross join lateral unnest(q.tenant_ids, q.events_until, q.bytes_until) as u (tenant_id, events_until, bytes_until)
  order by u.tenant_id, q.batch desc
),
waiting as (
  select * from siding.backlog
)
select
  t.tenant_id,
  coalesce(w.pending, 0) as pending,
  w.oldest_created_at,
  w.lane_reason,
  w.resume_at,
  p.actor as paused_by,
  p.reason as pause_reason,
  p.until as paused_until,
  coalesce(g.blocked, false) as blocked,
  g.backlog_max,
  to_timestamp(nullif(u.events_until, 0) / 1e9) as events_paid_until,
  to_timestamp(nullif(u.bytes_until, 0) / 1e9) as bytes_paid_until
from (
  select tenant_id from waiting
  union select tenant_id from siding.pause where until is null or until > clock_timestamp()
  union select tenant_id from siding.gate
  union select tenant_id from used
) t
left join waiting w using (tenant_id)
left join siding.pause p on p.tenant_id = t.tenant_id and (p.until is null or p.until > clock_timestamp())
left join siding.gate g on g.tenant_id = t.tenant_id
left join used u on u.tenant_id = t.tenant_id;

grant select on siding.usage to siding_relay, siding_admin;
grant select on siding.policy, siding.pause, siding.policy_version, siding.gate, siding.trim_point to siding_relay, siding_admin;
grant insert, update, delete on siding.policy, siding.pause, siding.gate to siding_admin;
grant update on siding.policy_version to siding_admin;
grant insert, update, delete on siding.gate to siding_relay;
grant insert, delete, update (is_floor) on siding.trim_point to siding_relay;

alter table siding.policy owner to siding_owner;
alter table siding.pause owner to siding_owner;
alter table siding.policy_version owner to siding_owner;
alter table siding.gate owner to siding_owner;
alter view siding.usage owner to siding_owner;
alter table siding.trim_point owner to siding_owner;
alter type siding.trim_lane owner to siding_owner;
alter function siding.note_gates() owner to siding_owner;
alter function siding.note_policy_change() owner to siding_owner;
alter function siding.is_backlog_full(text, smallint, bigint) owner to siding_owner;
alter function siding.append_event(text, text, text, bytea, text, text, text, text, jsonb, uuid) owner to siding_owner;
alter function siding.retention_floor(smallint, bigint) owner to siding_owner;
