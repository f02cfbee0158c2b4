--! compatible
-- siding.enqueue costs a tenth less CPU.

-- Its body calls convert_to, which is stable: a function that claims to be more than its body is never inlined.
alter function siding.shard_of(text, smallint) stable;

-- What every way of enqueueing shares: the checks, the row, the duplicate's answer. place says which of many it is.
create or replace function siding.append_event(
  place text, topic text, payload text, payload_bytes bytea, content_type text,
  tenant_id text, dedupe_key text, key text, headers jsonb, event_id uuid
) returns siding.enqueued
  language plpgsql
as $$
#variable_conflict use_variable
declare
  shards smallint;
  bytes_max integer;
  gate_filter bit varying;
  gate siding.gate;
  id uuid := coalesce(event_id, siding.new_event_id());
  dedupe text := coalesce(dedupe_key, id::text);
  payload_size integer := coalesce(octet_length(payload), octet_length(payload_bytes));
  shard smallint;
  bytes integer;
  seq bigint;
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

  select d.shards, d.payload_bytes_max, d.gate_filter into strict shards, bytes_max, gate_filter from siding.deployment d;
  if payload_size > bytes_max then
    perform siding.refuse('SD001',
      place || format('payload has %s bytes, more than the %s allowed', payload_size, bytes_max),
      'Send a reference instead, or raise siding.deployment.payload_bytes_max together with the broker''s message.max.bytes.');
  end if;

  if get_bit(gate_filter, hashtext(tenant_id) & 4095) = 1 then
    select * into gate from siding.gate g where g.tenant_id = append_event.tenant_id;
    if gate.blocked then
      perform siding.refuse('SD003', place || format('tenant %L is blocked from enqueueing', tenant_id),
        'An operator blocked it; `siding tenants set TENANT --no-blocked` lets it enqueue again.');
    elsif gate.backlog_max is not null
      and siding.is_backlog_full(tenant_id, siding.shard_of(tenant_id, shards), gate.backlog_max) then
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

  -- Worked out before the INSERT: such an expression is made ready once a transaction, one within a statement at each call.
  shard := siding.shard_of(tenant_id, shards);
  bytes := payload_size + octet_length(coalesce(headers::text, '')) + octet_length(coalesce(key, tenant_id || ':' || dedupe));
  headers := nullif(headers, '{}');
  insert into siding.event as e
    (shard, bytes, event_id, tenant_id, dedupe_key, topic, key, headers, payload, payload_bytes, content_type)
  values (shard, bytes, id, tenant_id, dedupe, topic, key, headers, payload, payload_bytes, content_type)
  on conflict on constraint event_dedupe do nothing
  returning e.seq into seq;
  if seq is null then
    select e.event_id, e.seq, true into strict result
    from siding.event e
    where e.tenant_id = append_event.tenant_id and e.dedupe_key = dedupe;
    return result;
  end if;
  return row(id, seq, false)::siding.enqueued;
end
$$;
