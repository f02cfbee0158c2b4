-- What an event carries. $1 shard, $2 seq.
-- The payload is laid out here: JavaScript would round its numbers.
select coalesce(e.headers, '{}')::text as headers, jsonb_pretty(e.payload::jsonb) as payload_json, encode(e.payload_bytes, 'base64') as payload_base64,
  to_char(f.retry_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as retry_at
from siding.event e
left join siding.failure f using (shard, seq)
where e.shard = $1 and e.seq = $2
