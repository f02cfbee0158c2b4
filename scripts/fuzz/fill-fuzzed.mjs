import pg from "pg";

/** Events in every status, policies, a pause and a job, so that lists have pages and requests meet something. */
export async function fillFuzzed(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const sql of CONTENT) await client.query(sql);
  } finally {
    await client.end();
  }
}

const CONTENT = [
  `select count(siding.enqueue('topic-' || n % 5, jsonb_build_object('n', n), 'tenant-' || n % 20, 'd-' || n, 'k-' || n % 30, '{"h": "1"}'))
  from generate_series(1, 5000) n`,
  "select siding.enqueue_bytes('topic-1', '\\x00ff'::bytea, 'application/octet-stream', 'tenant-1')",
  `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
  select shard, seq, 5, 'Broker: cause ' || seq % 3, 'broker: cause ' || seq % 3, now(), 0, now() from siding.event where seq % 50 = 0`,
  `update siding.shard
  set cursor = row(4500, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`,
  "insert into siding.policy (name, tenant_id, weight, actor, reason) values ('tenant/tenant-1', 'tenant-1', 2, 'fuzz', 'fuzz')",
  "insert into siding.pause (tenant_id, actor, reason) values ('tenant-2', 'fuzz', 'fuzz')",
];
