-- at-least-once: Kafka has every record up to this cursor, so it moves, with no plan and no number (design §4).
-- $1 shard, $2 epoch, $3..$8 the cursor as in prepare, $9..$12 dead letters: seqs, attempts, errors, fingerprints,
-- $13..$15 what is published with it: topics, events, checksums, $16 whether lanes or quotas change, $17..$31 what of them
-- (siding.lay_lines), $32 a job's step, or null. Without numbers their rows carry the last promoted one.
-- A plan left open by exactly-once is dropped: what it covered is published again, which this mode allows.
with before as (
  select cursor, planned_batch from siding.shard where shard = $1
),
moved as (
  update siding.shard
  set cursor = row(
      $3::bigint, $4::pg_snapshot, coalesce($5::xid8, pg_current_xact_id()),
      $6::bigint, $7::pg_snapshot, case when $6::bigint is not null then coalesce($8::xid8, pg_current_xact_id()) end
    )::siding.cursor,
    planned_batch = null,
    planned_cursor = null,
    planned_lines = false,
    promoted_at = clock_timestamp()
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time()
  returning shard, promoted_batch, cursor
),
dead as (
  insert into siding.failure as f (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
  select moved.shard, d.seq, d.attempts, d.error, d.fingerprint, clock_timestamp(), moved.promoted_batch, clock_timestamp()
  from moved, unnest($9::bigint[], $10::int[], $11::text[], $12::text[]) as d (seq, attempts, error, fingerprint)
  on conflict (shard, seq) do update set dead_batch = excluded.dead_batch, dead_at = excluded.dead_at
),
lanes_gone as (
  delete from siding.lane l using moved, before where l.shard = moved.shard and l.batch = before.planned_batch
),
quotas_gone as (
  delete from siding.quota_use q using moved, before where q.shard = moved.shard and q.batch = before.planned_batch
),
steps_gone as (
  delete from siding.job_progress p using moved, before where p.shard = moved.shard and p.batch = before.planned_batch
)
select pg_current_xact_id()::text,
  siding.record_published(
    moved.shard,
    row(moved.promoted_batch, before.cursor, $13::text[], $14::int[], $15::numeric[])::siding.tally,
    moved.promoted_batch,
    moved.cursor
  )::text,
  case when $16::boolean then siding.lay_lines(
    moved.shard, moved.promoted_batch, $17::uuid[], $18::text[], $19::text[], $20::text[], $21::bigint[], $22::text[],
    $23::text[], $24::bigint[], $25::int[], $26::text[], $27::boolean, $28::text[], $29::bigint[], $30::bigint[], $31::bigint
  ) end::text,
  case when $32::jsonb is not null then siding.lay_job(moved.shard, moved.promoted_batch, $32::jsonb) end::text,
  case when $32::jsonb is not null then siding.rule_on_dead(moved.shard, moved.promoted_batch, null) end::text,
  case when $16::boolean or $32::jsonb is not null then siding.promote_lines(moved.shard, moved.promoted_batch) end::text
from moved, before
