-- The events of a page, newest first. $1 shards, $2 seqs, in pairs.
select e.event_id::text as event_id, e.seq::text as seq, e.shard::text as shard, e.tenant_id, e.topic, e.key, e.dedupe_key,
  to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at,
  siding.event_status(e.seq, e.xid, coalesce(line.cursor, s.cursor), s.promoted_batch, f.dead_batch,
    exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) as status,
  case when not siding.is_consumed(e.seq, e.xid, line.cursor) then line.reason end as lane_reason,
  coalesce(f.attempts, 0)::text as attempts, f.last_error, f.fingerprint, e.bytes::text as bytes, e.content_type,
  to_char(f.dead_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as dead_at
from unnest($1::smallint[], $2::bigint[]) as wanted (shard, seq)
join siding.event e using (shard, seq)
join siding.shard s using (shard)
left join siding.failure f using (shard, seq)
left join lateral siding.line_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch) line on true
order by e.seq desc
