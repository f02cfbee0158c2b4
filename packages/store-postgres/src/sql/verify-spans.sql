-- What was recorded with the batches of each shard from a time on, and in any case the newest record of each. $1 the time
-- or null. Crosses shards on purpose: it is about all of them.
select s.shard::text as shard, (extract(epoch from s.minute) * 1000)::bigint::text as minute_ms, s.is_whole::text as is_whole, s.has_lanes::text as has_lanes,
  s.since::text as since, s.upto::text as upto,
  coalesce(
    (
      select json_agg(json_build_array(p.topic, p.events::text, p.checksum::text) order by p.topic)
      from siding.published_sum p
      where p.shard = s.shard and p.minute = s.minute
    ),
    '[]'
  )::text as sums
from siding.published_span s
where $1::timestamptz is null
  or s.minute >= $1::timestamptz
  or s.minute = (select max(newest.minute) from siding.published_span newest where newest.shard = s.shard)
order by s.shard, s.minute
