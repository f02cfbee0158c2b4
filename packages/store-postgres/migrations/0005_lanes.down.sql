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

drop view siding.lanes;
drop function siding.lane_backlog(smallint);
drop function siding.cursor_of(smallint, text, text, text, bigint, bigint, siding.cursor);
drop function siding.line_of(smallint, text, text, text, bigint, bigint);
drop function siding.promote_lines(smallint, bigint);
drop function siding.lay_lines(smallint, bigint, uuid[], text[], text[], text[], bigint[], text[], text[], bigint[], int[], text[],
  boolean, text[], bigint[], bigint[], bigint);
drop function siding.with_next_xid(siding.cursor);
alter table siding.shard drop column planned_lines;
drop table siding.quota_use, siding.lane;
