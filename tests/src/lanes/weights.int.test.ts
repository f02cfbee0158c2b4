import { migrate } from "@siding/store-postgres/migrate.js";
import type { ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

/** Small, so that a backlog of some thousands is tens of them. */
const BATCH_EVENTS = 200;
const EVENTS_EACH = 8_000;
const BATCHES_MIN = 30;
/** A tenant's first events of a page ride the main line whatever its weight, until each is in its lane. */
const BATCHES_BEFORE = 5;
const WEIGHTS = { light: 1, heavy: 3 } as const;
type Tenant = keyof typeof WEIGHTS;

describe("two backlogged tenants of weight 1 and 3", () => {
  let database: TestDatabase;
  let topic: string;
  let relay: SidingProcess | undefined;
  let run = 0;
  const brokers = inject("kafkaBrokers");
  beforeEach(async () => {
    topic = `weights-${process.pid}-${++run}`;
    // One shard and one partition: the tenants share every batch, and a batch is what lies between two markers.
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 1 });
    await createTopic(brokers, topic, 1);
    for (const [tenant, weight] of Object.entries(WEIGHTS)) {
      const args = ["tenants", "set", tenant, "--weight", String(weight), "--reason", "paid for", "--yes"];
      const { code, stderr } = await new SidingProcess(args, { DATABASE_URL: database.url }).ended;
      expect(code, stderr).toBe(0);
    }
  });
  afterEach(async () => {
    // In good order: a transaction left open would keep every other deployment's relay from reading its number for a minute.
    await relay?.stop();
    await database.drop();
  });

  /** What arrived, batch by batch, for as long as both had more to send. */
  async function whileBothWait(payloadBytes: Record<Tenant, number>): Promise<readonly ReceivedRecord[][]> {
    // Turn about in the log: what a batch holds is the weights' doing.
    await database.query(
      `select siding.enqueue($1, to_jsonb(repeat('x', case t.tenant when 'light' then $2::int else $3 end)), t.tenant)
      from generate_series(1, $4::int) n, (values (1, 'light'), (2, 'heavy')) t (place, tenant) order by n, t.place`,
      [topic, payloadBytes.light, payloadBytes.heavy, EVENTS_EACH],
    );
    const settings = {
      SIDING_DEPLOYMENT: topic,
      SIDING_TENANT_QUOTA: "none",
      SIDING_BATCH_EVENTS: String(BATCH_EVENTS),
    };
    const reader = await CommittedReader.open(brokers, topic, 1);
    relay = SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers: brokers, settings });
    const isThrough = (): boolean =>
      Object.keys(WEIGHTS).some((tenant) => reader.records.filter(isOf(tenant)).length === EVENTS_EACH);
    await expect.poll(isThrough, { timeout: 30_000 }).toBe(true);
    await relay.stop();
    await reader.close();
    const batches = batchesOf(reader.records);
    const left = { light: EVENTS_EACH, heavy: EVENTS_EACH };
    const isShared = (batch: readonly ReceivedRecord[]): boolean => {
      for (const { headers } of batch) left[headers["tenant-id"] as Tenant] -= 1;
      return left.light > 0 && left.heavy > 0;
    };
    return batches.filter(isShared).slice(BATCHES_BEFORE);
  }

  test.each([
    ["of the same size", { light: 200, heavy: 200 }],
    ["five times as large for the heavy one", { light: 100, heavy: 500 }],
    ["five times as large for the light one", { light: 500, heavy: 100 }],
  ])("share the bytes that a reader sees 1 : 3, with payloads %s", async (_, payloadBytes) => {
    const batches = await whileBothWait(payloadBytes);
    expect(batches.length).toBeGreaterThan(BATCHES_MIN);
    const bytes = (tenant: Tenant): number =>
      batches
        .flat()
        .filter(isOf(tenant))
        .reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
    const ratio = bytes("heavy") / bytes("light");
    expect(ratio).toBeGreaterThan(3 / 1.05);
    expect(ratio).toBeLessThan(3 * 1.05);
  });
});

function isOf(tenant: string): (record: ReceivedRecord) => boolean {
  return ({ headers }) => headers["tenant-id"] === tenant;
}

/** A transaction ends with a marker, which takes an offset and is not handed to a reader. */
function batchesOf(records: readonly ReceivedRecord[]): ReceivedRecord[][] {
  const batches: ReceivedRecord[][] = [];
  for (const [index, record] of records.entries()) {
    if (index === 0 || record.offset !== records[index - 1]!.offset + 1) batches.push([]);
    batches.at(-1)!.push(record);
  }
  return batches;
}
