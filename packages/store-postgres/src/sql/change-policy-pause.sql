-- Pauses a tenant, or says anew until when and why. $1 tenant, $2 actor, $3 reason, $4 for how long in ms, or null.
insert into siding.pause as p (tenant_id, actor, reason, until)
values ($1, $2, $3, clock_timestamp() + $4::bigint * interval '1 ms')
on conflict (tenant_id) do update
set actor = excluded.actor, reason = excluded.reason, until = excluded.until, paused_at = excluded.paused_at
returning to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until
