import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

/** Every shard waits behind all that there is, seen by snapshot $1. One look. */
const LOOK = `
  select due.*
  from (
    select array_agg(s.shard) as shards, array_agg(coalesce(last.seq, 0)) as positions,
      array_agg($1::pg_snapshot) as snapshots, array_agg(null::bigint) as xids, array_agg(false) as for_jobs
    from siding.shard s
    left join (select shard, max(seq) as seq from siding.event group by shard) last using (shard)
  ) line,
  lateral siding.await_due(shards, positions, snapshots, xids, for_jobs, 0, 0) due`;
const SHARDS = 4;
const EVENTS = 20_000;
/** Transactions that ended after the snapshot, and enqueued nothing: each is looked for. */
const LATE = 10;
/** An index from its root to a leaf, and some of the catalogue. */
const PAGES_A_PROBE_MAX = 8;

describe("a look for work", () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    // The session of a relay (connection.ts).
    for (const setting of ["sort", "bitmapscan", "seqscan"]) await client.query(`set enable_${setting} = off`);
    await client.query("set plan_cache_mode = force_generic_plan");
    // As in the first minute of a deployment: nobody has counted anything yet.
    await client.query("alter table siding.event set (autovacuum_enabled = off)");
    // The plan that a session keeps is made while the log is empty.
    await client.query(LOOK, [await olderSnapshot()]);
    await client.query(
      "select siding.enqueue('orders', to_jsonb(n), 'tenant-' || n % 100) from generate_series(1, $1::int) n",
      [EVENTS],
    );
  });
  const olderSnapshot = async (): Promise<string> => {
    const { rows } = await client.query("select pg_current_snapshot()::text as snapshot");
    for (let late = 0; late < LATE; late++) await client.query("select pg_current_xact_id()");
    return rows[0].snapshot;
  };
  const pagesALook = async (): Promise<number> => {
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${LOOK}`, [await olderSnapshot()]);
    const scan = findNode(rows[0]["QUERY PLAN"][0].Plan, "Function Scan");
    return scan["Shared Hit Blocks"] + scan["Shared Read Blocks"];
  };
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  test.each([
    ["nobody has counted", null],
    ["everything is counted", "analyze siding.event"],
  ])("behind a long log reads a few pages, where %s", async (_what, first) => {
    if (first !== null) await client.query(first);
    const looks = [await pagesALook(), await pagesALook(), await pagesALook()];
    // Others on the server make the catalogue's caches be filled anew; the log is read by each look alike.
    expect(Math.min(...looks)).toBeLessThan(SHARDS * (LATE + 1) * PAGES_A_PROBE_MAX);
  });
});

interface PlanNode {
  readonly "Node Type": string;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

function findNode(node: PlanNode, type: string): PlanNode {
  if (node["Node Type"] === type) return node;
  for (const child of node.Plans ?? []) {
    const found = findNode(child, type);
    if (found["Node Type"] === type) return found;
  }
  return node;
}
