-- Writes a job down; what it asks for is fixed by the statements that follow in its transaction. $1 kind, $2 tenant, $3 topic,
-- $4 key, $5 dedupe key, $6 event ids, $7 status, $8 since, $9 until, $10 events per second, each of them null for none;
-- $11 actor, $12 reason, $13 the actor's role. The audit says it in the same statement: neither is there without the other.
with made as (
  insert into siding.job (kind, tenant_id, topic, key, dedupe_key, event_ids, status, since, until, events_per_second, actor, reason)
  values ($1, $2, $3, $4, $5, $6::uuid[], $7, $8::timestamptz, $9::timestamptz, $10::int, $11, $12)
  returning *
),
recorded as (
  insert into siding.audit (actor, role, action, reason, tenant_id, subject, after)
  select $11, $13, 'jobs.' || m.kind, $12, m.tenant_id, m.job_id::text, to_jsonb(m) - 'cancelled_at' - 'cancelled_by' - 'cancel_reason'
  from made m
)
select job_id::text from made
