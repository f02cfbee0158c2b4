-- Topics that a relay is about to publish to: of each shard's next events, and of its newest. Crosses shards and tenants on
-- purpose. Bounded along the primary key, so beside any backlog. $1 how many waiting ones to look at a shard, $2 how many
-- of the newest, $3 how many topics to name.
select looked.topic, (count(*) filter (where looked.is_waiting))::text as waiting
from siding.shard s
cross join lateral (
  (select e.topic, true as is_waiting
  from siding.event e
  where e.shard = s.shard and e.seq > (s.cursor).position
  order by e.seq
  limit $1)
  union all
  (select e.topic, false
  from siding.event e
  where e.shard = s.shard
  order by e.seq desc
  limit $2)
) looked
group by looked.topic
order by count(*) filter (where looked.is_waiting) desc, looked.topic
limit $3
