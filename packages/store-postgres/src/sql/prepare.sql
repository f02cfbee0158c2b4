-- Lays down batch n and promotes the plan before it, in one commit (design §4, step 1).
-- $1 shard, $2 epoch, $3 n, $4..$9 the cursor (its nx, $6, null where this commit's own xid is to serve; $9 likewise
-- in window form), $10..$13 dead letters: seqs, attempts, errors, fingerprints, $14..$16 what the plan makes published:
-- topics, events, checksums.
-- I3: the epoch is checked by the statement that writes. I4: n is above every number ever planned.
with before as (
  -- Only an open plan's: what `promote` has promoted is recorded already.
  select case when planned_batch is not null then planned_tally end as tally from siding.shard where shard = $1
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
    waiting_topic = null,
    waiting_reason = null
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
  siding.record_published(planned.shard, before.tally, planned.promoted_batch, planned.cursor)::text
from planned, before
