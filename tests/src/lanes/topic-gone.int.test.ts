import { migrate } from "@siding/store-postgres/migrate.js";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic, deleteTopic } from "../topics.js";

let database: TestDatabase;
const brokers = inject("kafkaBrokers");
const [stays, goes] = [`stays-${process.pid}`, `goes-${process.pid}`];
beforeAll(async () => {
  // One shard, so that both topics share it.
  database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
  await migrate({ databaseUrl: database.url, shards: 1 });
  for (const topic of [stays, goes]) await createTopic(brokers, topic, 1);
});
afterAll(() => database.drop());

const enqueue = (topic: string, from: number, to: number) =>
  database.query(
    "select siding.enqueue($1, to_jsonb(n), 'tenant-' || $1, key => 'k') from generate_series($2::int, $3::int) n order by n",
    [topic, from, to],
  );

test("a topic deleted under a running relay stops its own events alone, and drains in order once it is back", async () => {
  const settings = { SIDING_DEPLOYMENT: `gone-${process.pid}` };
  const relay = SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers: brokers, settings });
  const reader = await CommittedReader.open(brokers, stays, 1);
  const values = () => reader.records.map(({ value }) => Number(value));
  await enqueue(goes, 1, 3);
  await enqueue(stays, 1, 3);
  await expect.poll(values, { timeout: 60_000 }).toEqual([1, 2, 3]);

  await deleteTopic(brokers, goes);
  await enqueue(goes, 4, 6);
  await enqueue(stays, 4, 6);
  await expect.poll(values, { timeout: 40_000 }).toEqual([1, 2, 3, 4, 5, 6]);
  await expect
    .poll(() => database.query("select topic, reason from siding.lanes"), { timeout: 40_000 })
    .toEqual([{ topic: goes, reason: "breaker" }]);

  // From here on nobody else notices.
  for (let n = 7; n <= 26; n++) {
    await enqueue(goes, n, n);
    await enqueue(stays, n, n);
    await expect.poll(() => values().length, { interval: 10, timeout: 5_000 }).toBe(n);
  }
  const lags = reader.records
    .filter(({ value }) => Number(value) >= 7)
    .map(({ timestampMs, headers }) => timestampMs - Date.parse(headers["event-created-at"]!));
  expect(Math.max(...lags)).toBeLessThan(1_000);

  await createTopic(brokers, goes, 1);
  const back = await CommittedReader.open(brokers, goes, 1);
  const wanted = Array.from({ length: 23 }, (_, n) => n + 4);
  await expect.poll(() => back.records.map(({ value }) => Number(value)), { timeout: 40_000 }).toEqual(wanted);
  await expect.poll(() => database.query("select from siding.lane"), { timeout: 10_000 }).toEqual([]);
  expect(values()).toEqual(Array.from({ length: 26 }, (_, n) => n + 1));
  await Promise.all([reader.close(), back.close()]);
  expect((await relay.stop()).code).toBe(0);
}, 240_000);
