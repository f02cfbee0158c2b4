-- How many events of a tenant lie behind its shard's cursor, counted no further than asked, and how old the oldest is.
-- Late rows below the cursor are not counted: there are few. $1 tenant, $2 how far to count.
with mine as (
  select s.shard, (s.cursor).position
  from siding.deployment d
  join siding.shard s on s.shard = siding.shard_of($1, d.shards)
)
select
  (
    select count(*)
    from (
      select from mine join siding.event e on e.tenant_id = $1 and e.seq > mine.position
      order by e.seq limit $2::bigint
    ) counted
  )::text as pending,
  (
    select (extract(epoch from clock_timestamp() - e.created_at) * 1000)::bigint
    from mine join siding.event e on e.tenant_id = $1 and e.seq > mine.position
    order by e.seq limit 1
  )::text as lag_ms
