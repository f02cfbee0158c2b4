-- A relay that stops in good order. $1 relay.
with freed as (
  update siding.shard
  set owner = null, lease_until = null
  where owner = $1
)
delete from siding.relay where relay_id = $1
