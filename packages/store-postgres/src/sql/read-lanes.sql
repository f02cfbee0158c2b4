-- A shard's lanes as its promoted batches left them. Read when its last plan is settled. $1 shard.
select l.tenant_id, l.topic, l.key, l.seq::text, l.reason, l.detail, (extract(epoch from l.resume_at) * 1000)::bigint::text,
  l.probes, to_json(l.cursor)::text
from siding.lanes l
where l.shard = $1
