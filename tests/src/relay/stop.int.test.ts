import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

/** Well below what a supervisor grants before it kills (Docker 10 s, Kubernetes 30 s). */
const STOPPED_WITHIN_MS = 10_000;

// A broker of its own, because it is paused.
describe("a relay that is told to stop while Kafka does not answer", () => {
  let kafka: RunningKafka;
  let database: TestDatabase;
  beforeAll(async () => {
    kafka = await startKafka();
    database = await createTestDatabase(inject("databaseUrl"));
    await createTopic(kafka.brokers, "stop", 1);
  });
  afterAll(async () => {
    await kafka?.stop();
    await database?.drop();
  });

  const start = (delivery: string): SidingProcess =>
    SidingProcess.relay({
      databaseUrl: database.url,
      kafkaBrokers: kafka.brokers,
      settings: { SIDING_DEPLOYMENT: "stop", SIDING_DELIVERY: delivery, SIDING_LEASE_MS: "2000" },
    });
  const enqueue = (): Promise<unknown> =>
    database.query("select siding.enqueue('stop', '1', 'tenant-' || n) from generate_series(1, 40) n");
  const pending = async (): Promise<number> => {
    const [row] = await database.query("select count(*)::int as count from siding.events where status = 'pending'");
    return row!.count;
  };

  /** The process itself may last for another 30 s: one call into the client can neither be cut short nor left alone. */
  async function expectQuickEnd(relay: SidingProcess): Promise<void> {
    relay.kill("SIGTERM");
    await relay.logged(/stopped in good order/, STOPPED_WITHIN_MS);
    const [held] = await database.query("select count(*)::int as count from siding.shard where owner is not null");
    expect(held).toEqual({ count: 0 });
  }

  test.each(["exactly-once", "at-least-once"])(
    "ends soon, %s, and what was under way goes out afterwards",
    async (delivery) => {
      const relay = start(delivery);
      await relay.logged(/(taken[\s\S]*){4}/);
      await enqueue();
      await expect.poll(pending, { timeout: 15_000 }).toBe(0);
      kafka.kill("SIGSTOP");
      try {
        await enqueue();
        if (delivery === "exactly-once") {
          const planned = (): Promise<unknown[]> =>
            database.query("select from siding.shard where planned_batch is not null");
          await expect.poll(planned, { timeout: 15_000 }).not.toHaveLength(0);
        }
        await expectQuickEnd(relay);
        relay.kill("SIGKILL");
      } finally {
        kafka.kill("SIGCONT");
      }
      const next = start(delivery);
      await expect.poll(pending, { timeout: 30_000 }).toBe(0);
      await next.stop();
    },
  );

  test("ends soon while it opens its shards", async () => {
    const relay = start("exactly-once");
    await relay.logged(/health and metrics/);
    await expect
      .poll(() => database.query("select from siding.shard where owner is not null"), { interval: 5 })
      .not.toHaveLength(0);
    kafka.kill("SIGSTOP");
    try {
      await expectQuickEnd(relay);
      expect((await relay.ended).code).toBe(0);
    } finally {
      kafka.kill("SIGCONT");
    }
  });
});
