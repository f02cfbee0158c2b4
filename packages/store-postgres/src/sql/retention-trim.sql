-- Deletes rows that retention has let go, from one seq on, looking at so many at most: what the lines had consumed at the
-- floor, and have consumed still (a recovery may have set one back). Never a dead letter that nobody has ruled on. Answers how many went, and the last
-- seq that was looked at where there may be more. What an open job may still ask for stays, and nothing else for its sake: a
-- paused tenant holds its job open for as long as the pause lasts.
-- $1 shard, $2 epoch, $3 seq behind which to begin, $4 how many rows to look at, $5 retention in ms.
-- I3: the epoch is checked by the statement that writes.
with mine as (
  select s.shard, s.cursor, s.promoted_batch, siding.retention_floor(s.shard, $5::bigint) as floor,
    exists (select from siding.lane l where l.shard = s.shard) as has_lanes
  from siding.shard s
  where s.shard = $1 and s.epoch = $2 and s.server_start = pg_postmaster_start_time()
),
-- Only replays: dead letters stay without a job. The filter is that of siding.job_asks.
replays as materialized (
  select j.*, s.seqs, (s.upto).position as last, coalesce(p.position, 0) as first
  from mine
  join siding.job_shard s on s.shard = mine.shard and s.ended_at is null
  join siding.job j on j.job_id = s.job_id and j.kind = 'replay' and j.status is distinct from 'dead'
  left join lateral (
    select * from siding.job_progress p
    where p.job_id = s.job_id and p.shard = s.shard and p.batch <= mine.promoted_batch
    order by p.batch desc limit 1
  ) p on true
),
named as materialized (
  select n.seq from replays r cross join unnest(r.seqs) as n (seq) where n.seq > r.first
),
looked as (
  select e.seq,
    siding.is_consumed(e.seq, e.xid, (mine.floor).cursor)
      and siding.is_consumed(e.seq, e.xid, mine.cursor)
      and not exists (
        select from unnest((mine.floor).lanes) l
        where (l.tenant_id is null or l.tenant_id = e.tenant_id) and (l.topic is null or l.topic = e.topic)
          and not siding.is_consumed(e.seq, e.xid, l.cursor)
      )
      and (not mine.has_lanes or siding.is_consumed(e.seq, e.xid,
        siding.cursor_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, mine.promoted_batch, mine.cursor)))
      and not exists (
        select from siding.failure f where f.shard = e.shard and f.seq = e.seq and f.dead_batch is not null and f.discarded_by is null
      )
      -- Its line passed it long before it was published.
      and not exists (
        select from siding.redriven r where r.shard = e.shard and r.seq = e.seq and r.at >= (mine.floor).at
      )
      and e.seq not in (select n.seq from named n)
      and not exists (
        select from replays j
        where j.seqs is null and e.seq > j.first and e.seq <= j.last
          and (j.tenant_id is null or e.tenant_id = j.tenant_id)
          and (j.topic is null or e.topic = j.topic)
          and (j.key is null or e.key = j.key)
          and (j.dedupe_key is null or e.dedupe_key = j.dedupe_key)
          and (j.since is null or e.created_at >= j.since)
          and (j.until is null or e.created_at < j.until)
      ) as may_go
  from mine
  join siding.event e on e.shard = mine.shard and e.seq > $3 and e.seq <= ((mine.floor).cursor).position
  order by e.seq
  limit $4
),
gone as (
  delete from siding.event e using looked
  where e.shard = $1 and e.seq = looked.seq and looked.may_go
),
tried as (
  delete from siding.failure f using looked where f.shard = $1 and f.seq = looked.seq and looked.may_go
),
redriven as (
  delete from siding.redriven r using looked where r.shard = $1 and r.seq = looked.seq and looked.may_go
),
recovered as (
  delete from siding.already_published a using looked where a.shard = $1 and a.seq = looked.seq and looked.may_go
)
select
  (select count(*) from looked where may_go)::text,
  (select max(seq) from looked having count(*) = $4)::text
from mine
