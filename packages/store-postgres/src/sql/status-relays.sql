-- Every relay that was heard of in the last hour, by Postgres' clock; the heartbeat removes older ones.
select relay_id::text, host, process_id, version,
  to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
  to_char(seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as seen_at,
  (extract(epoch from clock_timestamp() - seen_at) * 1000)::bigint::text as seen_ago_ms,
  alive_until >= clock_timestamp() as alive
from siding.relay
order by alive desc, host, process_id, relay_id
