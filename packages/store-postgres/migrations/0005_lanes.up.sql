--! breaking
-- Lanes and quotas (design §3; docs/decisions/0009-lanes-stored.md). Rows carry the number of the batch that made them and are
-- never updated: a plan adds rows, its promotion makes them stand and removes what they replace, its end takes them away.
-- Breaking: a relay of the release before knows no lane, and would never read what lies in one.

create table siding.lane (
  shard smallint not null,
  batch bigint not null,
  lane_id uuid not null, -- the filter's hash: the same lane under every batch
  tenant_id text,
  topic text,
  key text,
  seq bigint,
  reason text not null,
  detail text not null,
  resume_at timestamptz, -- NULL: when somebody says so
  probes integer not null,
  cursor siding.cursor, -- NULL: the batch drops the lane
  constraint lane_pkey primary key (shard, batch, lane_id), -- read by promotion and discard: what a batch made
  constraint lane_filter check (
    case when key is null and seq is null then tenant_id is not null or topic is not null
    else num_nonnulls(tenant_id, topic) = 2 and num_nonnulls(key, seq) = 1 end
  )
) with (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);
-- read by promotion: what a batch's lanes replace
create index lane_by_id on siding.lane (shard, lane_id, batch);
-- read by siding.line_of: which lanes may carry an event
create index lane_by_filter on siding.lane (shard, tenant_id, topic);

-- What tenants have used of their quotas, as the batch left it: those that it changed, or every one that owes anything.
create table siding.quota_use (
  shard smallint not null,
  batch bigint not null,
  is_whole boolean not null,
  tenant_ids text[] not null,
  events_until bigint[] not null, -- ns since 1970, one place a tenant
  bytes_until bigint[] not null,
  judged_ns bigint not null, -- when the batch was judged: its end counts, and only its promotion tells that
  constraint quota_use_pkey primary key (shard, batch) -- read by a takeover, from the last whole one on
) with (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

-- Whether the open plan has rows in either: promotion looks there only then.
alter table siding.shard add column planned_lines boolean not null default false;
-- Whether lanes stood as the span began: then no one cursor says what had been published by then.
alter table siding.published_span add column has_lanes boolean not null default false;
create or replace function siding.record_published(of_shard smallint, tally siding.tally, promoted bigint, upto siding.cursor) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (tally).batch is distinct from promoted or (tally).batch is null then
    return;
  end if;
  with span as (
    insert into siding.published_span as s (shard, minute, since, upto, is_whole, has_lanes)
    values (of_shard, date_trunc('minute', clock_timestamp()), (tally).since, record_published.upto, true,
      exists (select from siding.lane l where l.shard = of_shard and l.batch <= promoted))
    on conflict (shard, minute) do update
    set upto = excluded.upto, is_whole = s.is_whole and s.upto::text = excluded.since::text
    returning s.shard, s.minute
  )
  insert into siding.published_sum as p (shard, minute, topic, events, checksum)
  select span.shard, span.minute, t.topic, t.events, t.checksum
  from span, unnest((tally).topics, (tally).events, (tally).checksums) as t (topic, events, checksum)
  on conflict (shard, minute, topic) do update
  set events = p.events + excluded.events, checksum = mod(p.checksum + excluded.checksum, 18446744073709551616);
end
$$;

-- A shard waits for no topic any more: the topic's lane does, and says why.
alter table siding.shard drop column waiting_topic, drop column waiting_reason;

-- What a batch makes of lanes and quotas, in one call so that batches without any pay nothing for them. A lane with a NULL
-- cursor is dropped. Of the quotas: whether they are all that there are; NULL tenants: none changed.
create function siding.lay_lines(
  of_shard smallint, of_batch bigint,
  lane_ids uuid[], tenant_ids text[], topics text[], keys text[], seqs bigint[], reasons text[], details text[],
  resume_ms bigint[], lane_probes int[], cursors text[],
  is_whole boolean, quota_tenants text[], events_until bigint[], bytes_until bigint[], judged_ns bigint
) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- The plan's own xid serves as nx where a cursor has none yet, as in prepare: it was drawn after the cursor's snapshot.
  insert into siding.lane as l
    (shard, batch, lane_id, tenant_id, topic, key, seq, reason, detail, resume_at, probes, cursor)
  select of_shard, of_batch, n.lane_id, n.tenant_id, n.topic, n.key, n.seq, n.reason, n.detail,
    to_timestamp(n.resume_ms / 1000.0), n.probes,
    case when n.cursor is not null then siding.with_next_xid(n.cursor::siding.cursor) end
  from unnest(lane_ids, tenant_ids, topics, keys, seqs, reasons, details, resume_ms, lane_probes, cursors)
    as n (lane_id, tenant_id, topic, key, seq, reason, detail, resume_ms, probes, cursor)
  on conflict (shard, batch, lane_id) do update
  set reason = excluded.reason, detail = excluded.detail, resume_at = excluded.resume_at, probes = excluded.probes,
    cursor = excluded.cursor;
  if quota_tenants is not null then
    insert into siding.quota_use as q (shard, batch, is_whole, tenant_ids, events_until, bytes_until, judged_ns)
    values (of_shard, of_batch, is_whole, quota_tenants, lay_lines.events_until, lay_lines.bytes_until, lay_lines.judged_ns)
    on conflict (shard, batch) do update
    set is_whole = excluded.is_whole, tenant_ids = excluded.tenant_ids, events_until = excluded.events_until,
      bytes_until = excluded.bytes_until, judged_ns = excluded.judged_ns;
  end if;
end
$$;

create function siding.with_next_xid(c siding.cursor) returns siding.cursor
  language sql volatile
  set search_path = pg_catalog, pg_temp
return row(
  (c).position, (c).snapshot, coalesce((c).next_xid, pg_current_xact_id()), (c).window_position, (c).window_snapshot,
  case when (c).window_position is not null then coalesce((c).window_next_xid, pg_current_xact_id()) end
)::siding.cursor;

-- Batch n stands: what its rows replace goes, and lanes that it dropped go with their last row.
create function siding.promote_lines(of_shard smallint, promoted bigint) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- As an array, which any index serves: a join's plan would hang on statistics that are thrown by lanes coming and going.
  delete from siding.lane o
  where o.shard = of_shard and o.batch < promoted
    and o.lane_id = any (array(select n.lane_id from siding.lane n where n.shard = of_shard and n.batch = promoted));
  delete from siding.lane o where o.shard = of_shard and o.batch = promoted and (o.cursor).position is null;
  delete from siding.quota_use o
  using siding.quota_use n
  where n.shard = of_shard and n.batch = promoted and n.is_whole and o.shard = n.shard and o.batch < promoted;
end
$$;

-- The lane that carries an event as the batches up to a number left them: the most specific one that covers it. No row: the
-- main line does. To be asked in a lateral join, where it becomes part of the statement.
create function siding.line_of(
  of_shard smallint, of_tenant text, of_topic text, of_key text, of_seq bigint, upto bigint
) returns setof siding.lane
  language sql stable
as $$
  select line.*
  from (
    select l.* from siding.lane l where l.shard = of_shard and l.tenant_id = of_tenant and (l.topic is null or l.topic = of_topic)
    union all
    select l.* from siding.lane l where l.shard = of_shard and l.tenant_id is null and l.topic = of_topic
  ) line
  where line.batch <= upto
    and (line.key is null or line.key = of_key)
    and (line.seq is null or line.seq = of_seq)
    and (line.cursor).position is not null
    and not exists (
      select from siding.lane newer
      where newer.shard = line.shard and newer.lane_id = line.lane_id and newer.batch > line.batch and newer.batch <= upto
    )
  order by num_nonnulls(line.key, line.seq) desc, num_nonnulls(line.tenant_id, line.topic) desc, line.tenant_id nulls last
  limit 1
$$;

-- What an event's line has consumed, for statements that ask it of few rows.
create function siding.cursor_of(
  of_shard smallint, of_tenant text, of_topic text, of_key text, of_seq bigint, upto bigint, main siding.cursor
) returns siding.cursor
  language sql stable
return coalesce(
  (select line.cursor from siding.line_of(of_shard, of_tenant, of_topic, of_key, of_seq, upto) line), main
);

create or replace view siding.events with (security_barrier) as
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
    when siding.is_consumed(e.seq, e.xid, coalesce(line.cursor, s.cursor)) then 'published'
    when exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq) then 'published'
    else 'pending'
  end as status,
  case
    when siding.is_consumed(e.seq, e.xid, coalesce(line.cursor, s.cursor)) then null
    else line.reason
  end as lane_reason,
  coalesce(f.attempts, 0) as attempts,
  f.last_error,
  e.shard,
  e.content_type,
  e.payload_bytes,
  e.bytes
from siding.event e
join siding.shard s using (shard)
left join siding.failure f using (shard, seq)
left join lateral siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line on true;

-- The lanes that stand: as the promoted batches left them. A promotion removes what a batch replaces, so there is one row a lane.
create view siding.lanes as
select l.shard, l.tenant_id, l.topic, l.key, l.seq, l.reason, l.detail, l.resume_at, l.probes, l.cursor
from siding.lane l
join siding.shard s on s.shard = l.shard and l.batch <= s.promoted_batch
where (l.cursor).position is not null;

-- What lies between a shard's lanes and its main cursor: consumed by the one, not by the other.
create function siding.lane_backlog(of_shard smallint)
  returns table (seq bigint, xid xid8, tenant_id text, topic text, created_at timestamptz)
  language sql stable
as $$
  select e.seq, e.xid, e.tenant_id, e.topic, e.created_at
  from siding.shard s
  join siding.lane l on l.shard = s.shard and l.batch <= s.promoted_batch and (l.cursor).position is not null
  cross join lateral (
    select t.* from siding.event t
    where l.tenant_id is not null and t.tenant_id = l.tenant_id and t.shard = s.shard
      and (l.topic is null or t.topic = l.topic)
      and t.seq > least((l.cursor).window_position, (l.cursor).position) and t.seq <= (s.cursor).position
    union all
    select t.* from siding.event t
    where l.tenant_id is null and t.topic = l.topic and t.shard = s.shard
      and t.seq > least((l.cursor).window_position, (l.cursor).position) and t.seq <= (s.cursor).position
    union all
    select t.* from siding.event t
    where t.shard = s.shard
      and t.seq <= least((l.cursor).window_position, (l.cursor).position)
      and t.xid >= pg_snapshot_xmin((l.cursor).snapshot)
      and t.xid < (l.cursor).next_xid
      and (l.tenant_id is null or t.tenant_id = l.tenant_id)
      and (l.topic is null or t.topic = l.topic)
  ) e
  where s.shard = of_shard
    and siding.is_consumed(e.seq, e.xid, s.cursor)
    and not siding.is_consumed(e.seq, e.xid, l.cursor)
    and l.lane_id = (
      select line.lane_id from siding.line_of(s.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line
    )
$$;

-- The first event behind each lane, as near as one look along an index tells: a narrower lane may have carried it already.
create function siding.lane_heads(of_shard smallint) returns table (tenant_id text, created_at timestamptz)
  language sql stable
as $$
  select l.tenant_id, e.created_at
  from siding.lanes l
  join siding.shard s on s.shard = l.shard
  cross join lateral (
    (
      select t.created_at from siding.event t
      where l.tenant_id is not null and t.tenant_id = l.tenant_id and t.shard = s.shard
        and (l.topic is null or t.topic = l.topic) and (l.key is null or t.key = l.key) and (l.seq is null or t.seq = l.seq)
        and t.seq > (l.cursor).position and t.seq <= (s.cursor).position
        and siding.is_consumed(t.seq, t.xid, s.cursor)
      order by t.tenant_id, t.seq
      limit 1
    )
    union all
    (
      select t.created_at from siding.event t
      where l.tenant_id is null and t.topic = l.topic and t.shard = s.shard
        and t.seq > (l.cursor).position and t.seq <= (s.cursor).position
        and siding.is_consumed(t.seq, t.xid, s.cursor)
      order by t.topic, t.seq
      limit 1
    )
  ) e
  where l.shard = of_shard
$$;

-- What is pending: above the main cursor, late to it, and behind the lanes. Each part is found along an index that it has.
create or replace view siding.backlog with (security_barrier) as
select
  p.tenant_id,
  count(*) as pending,
  min(p.created_at) as oldest_created_at,
  lane.reason as lane_reason,
  lane.resume_at
from siding.shard s
cross join lateral (
  select e.tenant_id, e.created_at, e.seq
  from siding.event e
  where e.shard = s.shard
    and e.seq > (s.cursor).position
  union all
  select e.tenant_id, e.created_at, e.seq
  from siding.event e
  where e.shard = s.shard
    and e.seq <= (s.cursor).position
    and e.xid >= pg_snapshot_xmin((s.cursor).snapshot)
    and e.xid < (s.cursor).next_xid
    and not siding.is_consumed(e.seq, e.xid, s.cursor)
  union all
  select w.tenant_id, w.created_at, w.seq from siding.lane_backlog(s.shard) w
) p
left join lateral (
  select l.reason, l.resume_at
  from siding.lanes l
  where l.shard = s.shard and l.tenant_id = p.tenant_id
  order by num_nonnulls(l.topic, l.key, l.seq), l.resume_at nulls first
  limit 1
) lane on true
where not exists (select from siding.already_published a where a.shard = s.shard and a.seq = p.seq)
group by p.tenant_id, lane.reason, lane.resume_at;

revoke execute on function
  siding.lay_lines(smallint, bigint, uuid[], text[], text[], text[], bigint[], text[], text[], bigint[], int[], text[],
    boolean, text[], bigint[], bigint[], bigint),
  siding.with_next_xid(siding.cursor),
  siding.promote_lines(smallint, bigint),
  siding.line_of(smallint, text, text, text, bigint, bigint),
  siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor),
  siding.lane_backlog(smallint),
  siding.lane_heads(smallint)
  from public;
grant execute on function
  siding.lay_lines(smallint, bigint, uuid[], text[], text[], text[], bigint[], text[], text[], bigint[], int[], text[],
    boolean, text[], bigint[], bigint[], bigint),
  siding.with_next_xid(siding.cursor),
  siding.promote_lines(smallint, bigint)
  to siding_relay;
grant execute on function
  siding.line_of(smallint, text, text, text, bigint, bigint),
  siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor),
  siding.lane_backlog(smallint),
  siding.lane_heads(smallint)
  to siding_relay, siding_admin;
grant select on siding.lane, siding.quota_use, siding.lanes to siding_relay, siding_admin;
grant insert, update, delete on siding.lane, siding.quota_use to siding_relay;
-- A recovery settles them together with the shard's cursor.
grant delete on siding.lane, siding.quota_use to siding_admin;

alter table siding.lane owner to siding_owner;
alter table siding.quota_use owner to siding_owner;
alter view siding.lanes owner to siding_owner;
alter function siding.lay_lines(smallint, bigint, uuid[], text[], text[], text[], bigint[], text[], text[], bigint[], int[],
  text[], boolean, text[], bigint[], bigint[], bigint) owner to siding_owner;
alter function siding.with_next_xid(siding.cursor) owner to siding_owner;
alter function siding.promote_lines(smallint, bigint) owner to siding_owner;
alter function siding.line_of(smallint, text, text, text, bigint, bigint) owner to siding_owner;
alter function siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor) owner to siding_owner;
alter function siding.lane_backlog(smallint) owner to siding_owner;
alter function siding.lane_heads(smallint) owner to siding_owner;
