-- The relay's heartbeat: it is alive, its leases are renewed, and here is what stands to be claimed. Crosses shards on
-- purpose. $1 relay, $2 host, $3 process id, $4 version, $5 schema version, $6 lease in ms.
with alive as (
  insert into siding.relay as r (relay_id, host, process_id, version, schema_version, alive_until)
  values ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms')
  on conflict (relay_id) do update set seen_at = clock_timestamp(), alive_until = excluded.alive_until
),
gone as (
  delete from siding.relay where alive_until < clock_timestamp() - interval '1 hour' and relay_id <> $1
),
renewed as (
  update siding.shard set lease_until = clock_timestamp() + $6 * interval '1 ms'
  where owner = $1 and lease_until >= clock_timestamp() and server_start = pg_postmaster_start_time()
  returning shard, epoch
)
select
  (select 1 + count(*) from siding.relay where relay_id <> $1 and alive_until >= clock_timestamp())::int,
  coalesce((select json_agg(json_build_array(shard, epoch::text) order by shard) from renewed), '[]')::text,
  coalesce((
    select json_agg(shard order by shard) from siding.shard
    where halted_reason is null
      and (owner is null or lease_until < clock_timestamp() or server_start <> pg_postmaster_start_time())
  ), '[]')::text,
  coalesce((
    select json_agg(json_build_array(shard, halted_reason) order by shard) from siding.shard where halted_reason is not null
  ), '[]')::text,
  (
    select ceil(extract(epoch from min(lease_until) - clock_timestamp()) * 1000)::int from siding.shard
    where owner <> $1 and halted_reason is null
      and lease_until >= clock_timestamp() and server_start = pg_postmaster_start_time()
  )
