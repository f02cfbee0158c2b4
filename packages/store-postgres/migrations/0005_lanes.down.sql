-- Refused while a lane stands: a relay of the release before would never read what lies in it.
do $$
begin
  if exists (select from siding.lane) then
    raise exception using message = 'events wait in lanes', hint = 'Let a relay drain them, with SIDING_TENANT_QUOTA=none and no tenant paused.';
  end if;
end
$$;
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
    when siding.is_consumed(e.seq, e.xid, s.cursor) then 'published'
    when exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq) then 'published'
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

create or replace view siding.backlog with (security_barrier) as
select
  p.tenant_id,
  count(*) as pending,
  min(p.created_at) as oldest_created_at,
  null::text as lane_reason,
  null::timestamptz as resume_at
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
) p
where not exists (select from siding.already_published a where a.shard = s.shard and a.seq = p.seq)
group by p.tenant_id;

drop function siding.lane_heads(smallint);
drop function siding.lane_backlog(smallint);
create or replace function siding.record_published(of_shard smallint, tally siding.tally, promoted bigint, upto siding.cursor) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (tally).batch is distinct from promoted or (tally).batch is null then
    return;
  end if;
  with span as (
    insert into siding.published_span as s (shard, minute, since, upto, is_whole)
    values (of_shard, date_trunc('minute', clock_timestamp()), (tally).since, record_published.upto, true)
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
alter table siding.published_span drop column has_lanes;
drop function siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor);
drop function siding.line_of(smallint, text, text, text, bigint, bigint);
drop function siding.promote_lines(smallint, bigint);
drop function siding.lay_lines(smallint, bigint, uuid[], text[], text[], text[], bigint[], text[], text[], bigint[], int[], text[],
  boolean, text[], bigint[], bigint[], bigint);
drop function siding.with_next_xid(siding.cursor);
alter table siding.shard drop column planned_lines;
alter table siding.shard add column waiting_topic text, add column waiting_reason text;
drop view siding.lanes;
drop table siding.quota_use, siding.lane;
