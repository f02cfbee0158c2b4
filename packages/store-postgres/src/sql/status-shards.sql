-- A shard's topic that waits is the first that a breaker stops. Crosses shards on purpose: it is the list of them. The oldest pending event is the lower of two that an index finds:
-- the first one above the cursor (primary key), and among those below it that the cursor's snapshot did not see
-- (event_shard_xid), which are as few as the transactions that ran when the cursor passed; and of each lane's the first. seq is drawn in the order of
-- creation but for transactions that run beside each other, so the first is the oldest to within their length.
select s.shard::int as shard,
  s.owner::text as owner,
  r.host as owner_host,
  r.process_id as owner_process_id,
  s.owner is not null and s.lease_until >= clock_timestamp() as leased,
  s.epoch::text as epoch,
  (extract(epoch from s.lease_until - clock_timestamp()) * 1000)::bigint::text as lease_left_ms,
  s.last_batch::text as last_batch,
  s.promoted_batch::text as promoted_batch,
  s.planned_batch::text as planned_batch,
  to_char(s.promoted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as promoted_at,
  broken.topic as waiting_topic, broken.detail as waiting_reason, s.halted_reason,
  (extract(epoch from clock_timestamp() - least(fresh.created_at, late.created_at, waiting.created_at)) * 1000)::bigint::text as lag_ms
from siding.shard s
left join siding.relay r on r.relay_id = s.owner
left join lateral (
  select e.created_at
  from siding.event e
  where e.shard = s.shard and e.seq > (s.cursor).position
  order by e.seq
  limit 1
) fresh on true
left join lateral (
  select min(e.created_at) as created_at
  from siding.event e
  where e.shard = s.shard
    and e.xid >= pg_snapshot_xmin((s.cursor).snapshot)
    and e.xid < (s.cursor).next_xid
    and e.seq <= (s.cursor).position
    and not siding.is_consumed(e.seq, e.xid, s.cursor)
) late on true
left join lateral (
  select min(w.created_at) as created_at from siding.lane_heads(s.shard) w
) waiting on true
left join lateral (
  select l.topic, l.detail
  from siding.lanes l
  where l.shard = s.shard and l.reason = 'breaker'
  order by l.tenant_id nulls first, l.topic
  limit 1
) broken on true
order by s.shard
