import Kafka from "@confluentinc/kafka-javascript";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { halts, LEASE_MS, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

// Servers of its own: the progress topic is every deployment's.
describe("the numbers are gone from Kafka", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeAll(async () => {
    [postgres, kafka] = await Promise.all([openPostgres("offsets"), openKafka("offsets")]);
  });
  afterAll(async () => {
    await Promise.all([postgres?.close(), kafka?.close()]);
  });
  afterEach(() => world.close());

  const admin = <T>(act: (client: Kafka.IAdminClient, done: (error: unknown, value?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const client = Kafka.AdminClient.create({ "bootstrap.servers": kafka.running.brokers });
      act(client, (error, value) => {
        client.disconnect();
        if (error) reject(error);
        else resolve(value as T);
      });
    });
  /** What brokers do by themselves with a group that is quiet for a week. */
  const expireGroup = (name: string): Promise<unknown> =>
    admin((client, done) => client.deleteGroups([`siding-${name}`], { timeout: 20_000 }, done as never));
  const deleteProgressTopic = (): Promise<unknown> =>
    admin((client, done) => client.deleteTopic("siding.progress", 20_000, done));

  /** A batch of 6 that Kafka has, or has not, and of which Postgres knows the plan alone. */
  async function openPlan(name: string, isPublished: boolean): Promise<void> {
    world = await RecoverWorld.create(postgres, kafka, name);
    await world.enqueue(20);
    // The same relay all along: it lays a plan down only for topics that it has seen.
    const relay = world.startRelay();
    await world.untilPublished();
    const [before] = await world.query("select cursor::text, promoted_batch from siding.shard");
    const sixAtOnce = "select siding.enqueue($1, '{}', 't') from generate_series(1, 6)";
    if (isPublished) {
      await world.query(sixAtOnce, [world.topic]);
      await world.untilPublished();
      relay.kill("SIGKILL");
      await relay.ended;
      // As it was between publish and promote: Kafka has the batch, Postgres its plan.
      await world.query(
        `update siding.shard set planned_batch = promoted_batch, planned_cursor = cursor,
           promoted_batch = $1, cursor = $2::siding.cursor`,
        [before!.promoted_batch, before!.cursor],
      );
    } else {
      kafka.running.kill("SIGSTOP");
      try {
        await world.query(sixAtOnce, [world.topic]);
        await world.until("select planned_batch from siding.shard", (rows) => rows[0]!.planned_batch !== null);
        relay.kill("SIGKILL");
        await relay.ended;
      } finally {
        kafka.running.kill("SIGCONT");
      }
    }
  }

  test("the progress topic deleted while the relay is off: halts, and kafka-has-it goes on", async () => {
    world = await RecoverWorld.create(postgres, kafka, "deleted");
    await world.enqueue(20);
    await world.publishAll();
    await deleteProgressTopic();
    await world.enqueue(5);
    await halts(
      world.startRelay(),
      /Kafka holds no number.*proof that Postgres lost nothing.*--verdict scan \(exact\)/,
    );
    const [shard] = (await world.decide("--shard", "0", "--verdict", "kafka-has-it")).shards;
    expect(shard).toMatchObject({ doubt: "number-gone", owed: 5, may_double: 0, may_lose: 0 });
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("what waits in a lane is owed whichever verdict is given, and goes out once", async () => {
    world = await RecoverWorld.create(postgres, kafka, "laned");
    await world.enqueue(20);
    await world.publishAll();
    await world.enqueue(1);
    // As a batch leaves it that held the tenant back: the main line has passed the event, its lane has not.
    await world.query(
      `insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, probes, cursor)
      select shard, promoted_batch, gen_random_uuid(), 'tenant-0', 'quota', 'held', 0, cursor from siding.shard`,
    );
    await world.query(
      `update siding.shard set cursor = row((select max(seq) from siding.event), pg_current_snapshot(),
        pg_current_xact_id(), null, null, null)::siding.cursor`,
    );
    expect(await world.query("select status, lane_reason from siding.events order by seq desc limit 1")).toEqual([
      { status: "pending", lane_reason: "quota" },
    ]);
    await deleteProgressTopic();
    await halts(world.startRelay(), /Kafka holds no number/);
    const [shard] = (await world.decide("--shard", "0", "--verdict", "kafka-has-it")).shards;
    expect(shard).toMatchObject({ owed: 1, may_double: 0, may_lose: 0 });
    expect(await world.query("select from siding.lane")).toEqual([]);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 21, missing: 0, doubled: 0, foreign: 0 });
  });

  test("the progress topic deleted under a running relay: halts at the next batch, and scan is exact", async () => {
    world = await RecoverWorld.create(postgres, kafka, "deleted_live");
    await world.enqueue(20);
    const relay = world.startRelay();
    await world.untilPublished();
    await deleteProgressTopic();
    await world.enqueue(5);
    // Its process ends only when the client lets go of the transaction, 30 s later.
    await relay.logged(
      /shard 0 halted: .*Kafka holds no number for this shard.*--verdict scan \(exact\)/,
      LEASE_MS + 5_000,
    );
    await world.decide("--shard", "0", "--verdict", "scan");
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("the progress topic deleted under an idle relay: halts within three leases, before there is anything to publish", async () => {
    world = await RecoverWorld.create(postgres, kafka, "deleted_idle");
    await world.enqueue(20);
    const relay = world.startRelay();
    await world.untilPublished();
    await deleteProgressTopic();
    const deletedAt = performance.now();
    await halts(relay, /Kafka holds no number for this shard, .* no plan is open: .*--verdict scan \(exact\)/);
    expect(performance.now() - deletedAt).toBeLessThan(3 * LEASE_MS + 5_000);
    await world.decide("--shard", "0", "--verdict", "scan");
    await world.enqueue(5);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("the group expired after a quiet week: nothing of a shard hangs on it, and the relay goes on", async () => {
    world = await RecoverWorld.create(postgres, kafka, "quiet");
    await world.enqueue(20);
    await world.publishAll();
    await expireGroup("quiet");
    await world.enqueue(5);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test.each([
    {
      published: true,
      verdict: "scan",
      says: { owed: 0, found_in_kafka: 6 },
      outcome: { once: 26, missing: 0, doubled: 0 },
    },
    {
      published: false,
      verdict: "scan",
      says: { owed: 6, found_in_kafka: 0 },
      outcome: { once: 26, missing: 0, doubled: 0 },
    },
    { published: true, verdict: "kafka-has-it", says: { may_lose: 6 }, outcome: { once: 26, missing: 0, doubled: 0 } },
    { published: false, verdict: "kafka-has-it", says: { may_lose: 6 }, outcome: { once: 20, missing: 6, doubled: 0 } },
    {
      published: true,
      verdict: "kafka-lacks-it",
      says: { may_double: 6 },
      outcome: { once: 20, missing: 0, doubled: 6 },
    },
    {
      published: false,
      verdict: "kafka-lacks-it",
      says: { may_double: 6 },
      outcome: { once: 26, missing: 0, doubled: 0 },
    },
  ])(
    "deleted with a plan open (published: $published): halts, then $verdict",
    async ({ published, verdict, says, outcome }) => {
      const name = `open_${published}_${verdict.replaceAll("-", "_")}`;
      await openPlan(name, published);
      await deleteProgressTopic();
      await halts(world.startRelay(), /the plan of batch \d+ is open: .*cannot be known.*--verdict scan \(exact\)/);
      const [shard] = (await world.decide("--shard", "0", "--verdict", verdict)).shards;
      expect(shard).toMatchObject({ doubt: "plan-unknown", ...says });
      await world.publishAll();
      expect(await world.arrived()).toEqual({ ...outcome, foreign: 0 });
    },
  );
});
