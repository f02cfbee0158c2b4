-- What Postgres says of events that Kafka holds and that no published row explains. Crosses shards on purpose: an event's shard is not known. $1 event ids.
select e.event_id::text as event_id, e.shard::text as shard, e.seq::text as seq,
  case
    when exists (
      select from siding.job_progress p where p.shard = s.shard and p.batch = s.planned_batch and e.seq = any (p.redriven_seqs)
    ) then 'published' -- Kafka has the plan, and its promotion is on its way
    when f.dead_batch <= s.promoted_batch then 'dead'
    when siding.is_consumed(e.seq, e.xid,
      siding.cursor_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch, s.cursor)) then 'published'
    when s.planned_cursor is not null and siding.is_consumed(e.seq, e.xid,
      siding.cursor_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.planned_batch, s.planned_cursor)) then 'published'
    when exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq) then 'published'
    else 'pending'
  end as status
from siding.event e
join siding.shard s using (shard)
left join siding.failure f using (shard, seq)
where e.event_id = any ($1::uuid[])
