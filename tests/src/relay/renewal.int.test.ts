import { randomUUID } from "node:crypto";
import { PolicyCache } from "@siding/core/policy/policy-cache.js";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { runRelay } from "@siding/relay/relay.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { systemClock } from "siding/system-clock.js";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { silentObserver } from "../silent-observer.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
  await migrate({ databaseUrl: database.url, shards: 1 });
});
afterAll(() => database.drop());

test("a quiet shard keeps its number in Kafka by writing it again, without a new owner", async () => {
  const brokers = inject("kafkaBrokers");
  const deployment = `renewal-${process.pid}`;
  const kafka = { brokers, deployment, shards: 1, properties: {} };
  const publisher = await KafkaPublisher.connect(kafka, "exactly-once");
  const store = new PostgresStore(new Connections(database.url, 3));
  const stop = new AbortController();
  const ended = runRelay(
    {
      identity: { relayId: randomUUID(), host: "test", processId: process.pid, version: "0" },
      deployment,
      delivery: "exactly-once",
      leaseMs: 2_000,
      renewProgressMs: 300,
      batchEventsMax: 100,
      batchBytesMax: 1_000_000,
      attemptsMax: 5,
      untilEmpty: false,
      policies: new PolicyCache(defaultFields("none")),
      retention: null,
      store,
      publisher,
      clock: systemClock,
      random: Math.random,
      observer: silentObserver,
    },
    stop.signal as AbortSignalLike,
  );
  try {
    const shard = async () =>
      (await database.query("select epoch, progress_at, promoted_batch, last_batch from siding.shard"))[0]!;
    await expect.poll(async () => (await shard()).progress_at, { timeout: 15_000 }).not.toBeNull();
    const before = await shard();
    await expect
      .poll(async () => (await shard()).progress_at - before.progress_at, { timeout: 15_000 })
      .toBeGreaterThan(600);

    expect(await publisher.peekNumber(0)).toBe(0n);
    expect(await shard()).toMatchObject({ epoch: before.epoch, promoted_batch: "0", last_batch: "0" });
  } finally {
    stop.abort();
    await ended;
    await publisher.close();
    await store.close();
  }
});
