-- Lays down batch n and promotes the plan before it, in one commit (design §4, step 1).
-- $1 shard, $2 epoch, $3 n, $4..$9 the cursor (its nx, $6, null where this commit's own xid is to serve; $9 likewise
-- in window form), $10..$13 dead letters: seqs, attempts, errors, fingerprints, $14..$16 what the plan makes published:
-- topics, events, checksums, $17 whether lanes or quotas change, and with it what of them ($18..$32 as siding.lay_lines),
-- $33 a job's step, or null.
-- I3: the epoch is checked by the statement that writes. I4: n is above every number ever planned.
with before as (
  -- Only an open plan's: what `promote` has promoted is recorded already.
  select case when planned_batch is not null then planned_tally end as tally,
    planned_batch is not null and planned_lines as has_lines
  from siding.shard where shard = $1
),
planned as (
  update siding.shard
  set cursor = coalesce(planned_cursor, cursor),
    promoted_batch = coalesce(planned_batch, promoted_batch),
    promoted_at = case when planned_batch is null then promoted_at else clock_timestamp() end,
    last_batch = $3,
    planned_batch = $3,
    planned_cursor = row(
      $4::bigint, $5::pg_snapshot, coalesce($6::xid8, pg_current_xact_id()),
      $7::bigint, $8::pg_snapshot, case when $7::bigint is not null then coalesce($9::xid8, pg_current_xact_id()) end
    )::siding.cursor,
    planned_tally = row($3, coalesce(planned_cursor, cursor), $14::text[], $15::int[], $16::numeric[])::siding.tally,
    planned_lines = $17 or $33::jsonb is not null
  where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and last_batch < $3
  returning shard, promoted_batch, cursor
),
dead as (
  insert into siding.failure as f (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
  select planned.shard, d.seq, d.attempts, d.error, d.fingerprint, clock_timestamp(), $3, clock_timestamp()
  from planned, unnest($10::bigint[], $11::int[], $12::text[], $13::text[]) as d (seq, attempts, error, fingerprint)
  on conflict (shard, seq) do update set dead_batch = excluded.dead_batch, dead_at = excluded.dead_at
)
select pg_current_xact_id()::text,
  siding.record_published(planned.shard, before.tally, planned.promoted_batch, planned.cursor)::text,
  case when before.has_lines then siding.promote_lines(planned.shard, planned.promoted_batch) end::text,
  case when $17::boolean then siding.lay_lines(
    planned.shard, $3, $18::uuid[], $19::text[], $20::text[], $21::text[], $22::bigint[], $23::text[], $24::text[],
    $25::bigint[], $26::int[], $27::text[], $28::boolean, $29::text[], $30::bigint[], $31::bigint[], $32::bigint
  ) end::text,
  case when $33::jsonb is not null then siding.lay_job(planned.shard, $3, $33::jsonb) end::text
from planned, before
