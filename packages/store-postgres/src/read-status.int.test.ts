import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeEach, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/src/test-database.js";
import { readStatus, type StatusReport } from "./read-status.js";
import { SCHEMA_VERSION } from "./schema-version.js";

const databases: TestDatabase[] = [];
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  databases.push(database);
});
afterAll(async () => {
  for (const each of databases) await each.drop();
});

function status(options: Partial<Parameters<typeof readStatus>[0]> = {}): Promise<StatusReport> {
  return readStatus({ databaseUrl: database.url, tenantsMax: 2, ...options });
}

/** The shard that a tenant's events go to. */
async function shardOf(tenantId: string): Promise<number> {
  const [row] = await database.query("select siding.shard_of($1, 4::smallint)::int as shard", [tenantId]);
  return row?.shard;
}

/** As a relay leaves it once everything that is committed now has been promoted. */
async function promoteAll(shard: number): Promise<void> {
  await database.query(
    `update siding.shard
    set cursor = row((select coalesce(max(seq), 0) from siding.event), pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor,
      last_batch = last_batch + 1, promoted_batch = last_batch + 1, promoted_at = clock_timestamp()
    where shard = $1`,
    [shard],
  );
}

const enqueue = (tenantId: string): Promise<unknown> =>
  database.query("select siding.enqueue('orders', '{}', $1)", [tenantId]);

describe("the status", () => {
  test("of an outbox that nobody has used yet is empty, with every shard free", async () => {
    const report = await status();
    expect(report.deployment).toEqual({ name: null, kafkaClusterId: null, shards: 4, schemaVersion: SCHEMA_VERSION });
    expect(report.relays).toEqual([]);
    expect(report.shards.map(({ shard, owner, lagMs }) => [shard, owner, lagMs])).toEqual(
      [0, 1, 2, 3].map((shard) => [shard, null, null]),
    );
    expect(report.backlog).toEqual({ pending: 0n, tenants: 0, largest: [] });
    expect([report.refused, report.dead]).toEqual([0n, 0n]);
  });

  test("counts the backlog in total and names the tenants with the most of it", async () => {
    for (const tenantId of ["a", "b", "b", "c", "c", "c"]) await enqueue(tenantId);
    const { backlog } = await status();
    expect(backlog).toMatchObject({ pending: 6n, tenants: 3 });
    expect(backlog?.largest.map(({ tenantId, pending }) => [tenantId, pending])).toEqual([
      ["c", 3n],
      ["b", 2n],
    ]);
    expect(backlog?.largest[0]?.oldestCreatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(backlog?.largest[0]?.oldestAgeMs).toBeGreaterThanOrEqual(0);
  });

  test("a shard lags by the age of its oldest pending event, and by nothing once all are promoted", async () => {
    const shard = await shardOf("a");
    await enqueue("a");
    await database.query("update siding.event set created_at = created_at - interval '5 minutes'");
    await enqueue("a");
    const lag = (report: StatusReport): number | null => report.shards[shard]!.lagMs;
    expect(lag(await status())).toBeGreaterThanOrEqual(300_000);
    await promoteAll(shard);
    expect(lag(await status())).toBeNull();
  });

  test("an event whose transaction ended after the cursor had passed it is pending, with its age", async () => {
    const shard = await shardOf("a");
    const late = new pg.Client({ connectionString: database.url });
    await late.connect();
    try {
      await late.query("begin");
      await late.query("select siding.enqueue('orders', '{}', 'a')");
      await enqueue("a");
      await promoteAll(shard);
      expect((await status()).shards[shard]!.lagMs).toBeNull();
      await late.query("commit");
    } finally {
      await late.end();
    }
    const report = await status();
    expect(report.shards[shard]!.lagMs).toBeGreaterThanOrEqual(0);
    expect(report.backlog?.pending).toBe(1n);
  });

  test("tells owner, lease, batches, and what a shard waits for or was halted by", async () => {
    const relayId = randomUUID();
    await database.query(
      `insert into siding.relay (relay_id, host, process_id, version, schema_version, alive_until)
      values ($1, 'host-1', 42, '1.2.3', 1, clock_timestamp() + interval '5 s')`,
      [relayId],
    );
    await database.query(
      `update siding.shard set owner = $1, epoch = 9007199254740993, last_batch = 8, promoted_batch = 7, planned_batch = 8,
        planned_cursor = cursor, lease_until = clock_timestamp() + interval '5 s'
      where shard = 1`,
      [relayId],
    );
    await database.query(
      `insert into siding.lane (shard, batch, lane_id, topic, reason, detail, resume_at, probes, cursor)
      select shard, 7, gen_random_uuid(), 'orders', 'breaker', 'gone', clock_timestamp() + interval '3 s', 0, cursor
      from siding.shard where shard = 1`,
    );
    await database.query(
      "update siding.shard set owner = $1, lease_until = clock_timestamp() - interval '1 s', halted_reason = 'lost' where shard = 2",
      [relayId],
    );
    const { relays, shards, lanes } = await status();
    expect(lanes).toMatchObject({
      counts: new Map([["breaker", 1]]),
      first: [{ shard: 1, tenantId: null, topic: "orders", reason: "breaker", detail: "gone" }],
    });
    expect(relays).toMatchObject([{ relayId, host: "host-1", processId: 42, version: "1.2.3", isAlive: true }]);
    expect(shards[1]).toMatchObject({
      owner: { relayId, host: "host-1", processId: 42 },
      epoch: 9007199254740993n,
      lastBatch: 8n,
      promotedBatch: 7n,
      plannedBatch: 8n,
      waiting: { topic: "orders", reason: "gone" },
      haltedReason: null,
    });
    expect(shards[1]!.leaseLeftMs).toBeGreaterThan(3_000);
    // Its lease ran out: nobody may publish it, whoever held it last.
    expect(shards[2]).toMatchObject({ owner: null, leaseLeftMs: null, haltedReason: "lost" });
  });

  test("a relay that has missed its heartbeats is gone", async () => {
    await database.query(
      `insert into siding.relay (relay_id, host, process_id, version, schema_version, alive_until, seen_at)
      values ($1, 'host-1', 42, '1.2.3', 1, clock_timestamp() - interval '1 s', clock_timestamp() - interval '6 s')`,
      [randomUUID()],
    );
    const [relay] = (await status()).relays;
    expect(relay?.isAlive).toBe(false);
    expect(relay?.seenAgoMs).toBeGreaterThanOrEqual(6_000);
  });

  test("tells events that are tried again from dead ones, which count once their batch is promoted", async () => {
    await database.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
      values (0, 1, 1, 'e', 'e', clock_timestamp(), null, null),
        (0, 2, 5, 'e', 'e', clock_timestamp(), 0, clock_timestamp()),
        (0, 3, 5, 'e', 'e', clock_timestamp(), 1, clock_timestamp())`,
    );
    const { refused, dead } = await status();
    expect([refused, dead]).toEqual([1n, 1n]);
  });

  test("a backlog too large to be counted in time does not hide the rest", async () => {
    await database.query(
      `create or replace view siding.backlog as
      select 't'::text as tenant_id, 1::bigint as pending, now() as oldest_created_at, null::text as lane_reason,
        null::timestamptz as resume_at
      from pg_sleep(30)`,
    );
    const report = await status({ statementTimeoutMs: 300 });
    expect(report.backlog).toBeNull();
    expect(report.shards).toHaveLength(4);
  });
});

describe("who may read it", () => {
  /** A user of this cluster with a role that the test file's end takes away with its database. */
  async function asUser(member: boolean): Promise<StatusReport> {
    const name = `siding_test_${randomUUID().slice(0, 8)}`;
    await database.query(`create role ${name} login password 'p'${member ? " in role siding_admin" : ""}`);
    try {
      const url = new URL(database.url);
      url.username = name;
      url.password = "p";
      return await status({ databaseUrl: url.href });
    } finally {
      await database.query(`drop role ${name}`);
    }
  }

  test("is a member of siding_admin, with no right beyond that", async () => {
    expect((await asUser(true)).shards).toHaveLength(4);
  });

  test("is nobody else, and the error says what is missing", async () => {
    await expect(asUser(false)).rejects.toMatchObject({
      code: "SIDING_STORE_PRIVILEGE",
      message: expect.stringMatching(/user "siding_test_\w+" is no member of siding_admin/),
    });
  });

  test("a database without the schema is named as such", async () => {
    const empty = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    databases.push(empty);
    await expect(status({ databaseUrl: empty.url })).rejects.toMatchObject({ code: "SIDING_SCHEMA_MISSING" });
  });
});
