-- $1 shard, $2 epoch, then one place a failure: $3 seqs, $4 attempts, $5 errors, $6 fingerprints, $7 waits in ms.
with mine as (
  select shard from siding.shard where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() for update
),
recorded as (
  insert into siding.failure as f (shard, seq, attempts, last_error, fingerprint, retry_at)
  select mine.shard, d.seq, d.attempts, d.error, d.fingerprint, clock_timestamp() + d.wait_ms * interval '1 ms'
  from mine, unnest($3::bigint[], $4::int[], $5::text[], $6::text[], $7::int[]) as d (seq, attempts, error, fingerprint, wait_ms)
  on conflict (shard, seq) do update
  set attempts = excluded.attempts, last_error = excluded.last_error, fingerprint = excluded.fingerprint,
    retry_at = excluded.retry_at
)
select 1 from mine
