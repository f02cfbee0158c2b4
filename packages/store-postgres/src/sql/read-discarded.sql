-- Dead letters of a shard that were ruled on, and that the line which carries them has not passed. $1 shard.
select f.seq::text
from siding.failure f
join siding.event e on e.shard = f.shard and e.seq = f.seq
join siding.shard s on s.shard = f.shard
where f.shard = $1 and f.discarded_by is not null
  and not siding.is_consumed(e.seq, e.xid,
    siding.cursor_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch, s.cursor))
