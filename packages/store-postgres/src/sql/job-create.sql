-- Writes a job down; what it asks for is fixed by the statements that follow in its transaction. $1 kind, $2 tenant, $3 topic,
-- $4 key, $5 dedupe key, $6 event ids, $7 status, $8 since, $9 until, $10 events per second, each of them null for none;
-- $11 actor, $12 reason.
insert into siding.job (kind, tenant_id, topic, key, dedupe_key, event_ids, status, since, until, events_per_second, actor, reason)
values ($1, $2, $3, $4, $5, $6::uuid[], $7, $8::timestamptz, $9::timestamptz, $10::int, $11, $12)
returning job_id::text
