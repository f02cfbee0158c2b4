-- Topics that a relay is about to publish to: of each shard's next events, of its newest, and those that lanes wait for.
-- Crosses shards and tenants on purpose. Bounded along the primary key, so beside any backlog. $1 how many waiting ones to
-- look at a shard, $2 how many of the newest, $3 how many topics to name.
select looked.topic, (count(*) filter (where looked.is_waiting))::text as waiting
from (
  select e.topic, e.is_waiting
  from siding.shard s
  cross join lateral (
    (select n.topic, true as is_waiting
    from siding.event n
    where n.shard = s.shard and n.seq > (s.cursor).position
    order by n.seq
    limit $1)
    union all
    (select n.topic, false
    from siding.event n
    where n.shard = s.shard
    order by n.seq desc
    limit $2)
  ) e
  union all
  select l.topic, true from siding.lanes l where l.topic is not null
) looked
group by looked.topic
order by count(*) filter (where looked.is_waiting) desc, looked.topic
limit $3
