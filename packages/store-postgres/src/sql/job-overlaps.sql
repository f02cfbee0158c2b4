-- Other open jobs that may ask for the same events as this one: nothing in their filters keeps the two apart. $1 job,
-- $2 whose jobs whoever asks may see, or null: everybody's.
select o.job_id::text, o.kind, o.actor, o.reason
from siding.job j
join siding.job o on o.job_id <> j.job_id and o.cancelled_at is null
  and coalesce(o.tenant_id = j.tenant_id, true)
  and coalesce(o.topic = j.topic, true)
  and coalesce(o.key = j.key, true)
  and coalesce(o.dedupe_key = j.dedupe_key, true)
  and coalesce(o.event_ids && j.event_ids, true)
  and coalesce(o.since < j.until, true)
  and coalesce(j.since < o.until, true)
where j.job_id = $1::uuid
  and ($2::text[] is null or o.tenant_id = any ($2::text[]))
  and exists (
    select from siding.job_shard os join siding.job_shard js on js.shard = os.shard and js.job_id = j.job_id
    where os.job_id = o.job_id and os.ended_at is null
  )
order by o.created_at
limit 10
