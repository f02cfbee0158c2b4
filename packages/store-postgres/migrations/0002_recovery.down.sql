-- Recoveries are forgotten, and with them what they found to be in Kafka already: those events are published again.
drop function siding.forget_foreign_xids(pg_snapshot);
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

drop table siding.recovery, siding.already_published;
alter table siding.shard drop column server_start;
revoke update on siding.shard from siding_admin;
revoke update (name, kafka_cluster_id, system_identifier, timeline) on siding.deployment from siding_admin;
revoke update (dead_batch, dead_at) on siding.failure from siding_admin;
