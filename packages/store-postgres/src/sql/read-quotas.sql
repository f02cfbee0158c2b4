-- What a shard's tenants have used, as its promoted batches left it: from the last row that names them all, in the order of
-- the batches. The last batch counts from its promotion, which came after Kafka's commit: so much is to be added, in ns.
-- $1 shard.
select to_json(q.tenant_ids)::text, to_json(q.events_until::text[])::text, to_json(q.bytes_until::text[])::text,
  case when q.batch = s.promoted_batch then greatest(0, (extract(epoch from s.promoted_at) * 1000000000)::bigint - q.judged_ns) else 0 end::text
from siding.quota_use q
join siding.shard s on s.shard = q.shard and q.batch <= s.promoted_batch
where q.shard = $1
  and q.batch >= coalesce((
    select max(whole.batch) from siding.quota_use whole
    where whole.shard = q.shard and whole.is_whole and whole.batch <= s.promoted_batch
  ), 0)
order by q.shard, q.batch
