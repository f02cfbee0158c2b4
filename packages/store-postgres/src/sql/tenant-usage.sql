-- How many events of each tenant are pending, counted no further than asked, how old the oldest is, why it waits and until
-- when, and what it has used of its quota (packages/core/src/quota/limit.ts). Late rows below the line's cursor are not
-- counted: there are few. $1 tenants, $2 how far to count.
select t.tenant_id, u.*
from unnest($1::text[]) as t (tenant_id)
cross join lateral (
  with mine as (
    select s.shard, s.promoted_batch, least((s.cursor).position, (
        select min((l.cursor).position) from siding.lanes l
        where l.shard = s.shard and l.tenant_id = t.tenant_id and num_nonnulls(l.topic, l.key, l.seq) = 0
      )) as position
    from siding.deployment d
    join siding.shard s on s.shard = siding.shard_of(t.tenant_id, d.shards)
  ),
  lane as (
    select l.reason, l.detail, l.resume_at
    from mine join siding.lanes l on l.shard = mine.shard and l.tenant_id = t.tenant_id
    order by num_nonnulls(l.topic, l.key, l.seq), l.resume_at nulls first
    limit 1
  ),
  used as (
    select q.events_until[place.at] as events_until, q.bytes_until[place.at] as bytes_until
    from mine
    join siding.quota_use q on q.shard = mine.shard and q.batch <= mine.promoted_batch
    cross join lateral (select array_position(q.tenant_ids, t.tenant_id) as at) place
    where place.at is not null
    order by q.batch desc
    limit 1
  )
  select
    (
      select count(*)
      from (
        select
        from mine
        cross join lateral (
          select from siding.event e where e.tenant_id = t.tenant_id and e.seq > mine.position limit $2::bigint
        ) e
      ) counted
    )::text as pending,
    (
      select (extract(epoch from clock_timestamp() - e.created_at) * 1000)::bigint
      from mine
      cross join lateral ( -- as a join a plan would begin with the tenant's first event
        select e.created_at from siding.event e
        where e.tenant_id = t.tenant_id and e.seq > mine.position
        order by e.tenant_id, e.seq
        limit 1
      ) e
    )::text as lag_ms,
    (select reason from lane) as lane_reason,
    (select detail from lane) as lane_detail,
    (select to_char(resume_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from lane) as resume_at,
    (select events_until from used)::text as events_until,
    (select bytes_until from used)::text as bytes_until
) u
