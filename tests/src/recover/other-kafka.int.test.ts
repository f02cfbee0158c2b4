import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { halts, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

// Servers of its own: another cluster is put behind the brokers' address.
describe("another Kafka cluster behind the same address", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeEach(async () => {
    postgres ??= await openPostgres("cluster");
    kafka = await openKafka("cluster");
  });
  afterEach(async () => {
    await world.close();
    await kafka.close();
  });
  afterAll(() => postgres?.close());

  async function exchangeUnderARelay(name: string, { isIdle = false } = {}): Promise<string> {
    world = await RecoverWorld.create(postgres, kafka, name, { shards: 2 });
    await world.enqueue(20);
    const relay = world.startRelay();
    await world.untilPublished();
    const first = kafka.running.dataDir;
    await kafka.replace(kafka.newDir());
    await world.createTopic();
    if (!isIdle) await world.enqueue(5);
    await halts(relay, /Kafka's cluster id was \S+ and is \S+ \(another cluster/);
    if (isIdle) await world.enqueue(5);
    expect(await world.arrived()).toEqual({ once: 0, missing: 25, doubled: 0, foreign: 0 });
    return first;
  }

  test("by mistake, while nothing is to be published: halts, and back at the right one there is nothing to recover, and it goes on exactly", async () => {
    const first = await exchangeUnderARelay("mistaken", { isIdle: true });
    await kafka.replace(first);
    expect((await world.recover("--all")).stdout).toMatch(/Nothing to recover/);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("for good: nothing is taken for agreed, and scan since the beginning fills the new cluster", async () => {
    await exchangeUnderARelay("refilled");
    for (const verdict of ["adopt", "scan", "kafka-lacks-it"]) {
      const refused = await world.recover("--all", "--verdict", verdict, "--reason", "x", "--yes");
      expect(refused.code, refused.stderr).toBe(2);
    }
    const { shards } = await world.decide("--all", "--verdict", "scan", "--since", "1h");
    expect(shards.map((shard) => shard.doubt)).toEqual(["kafka-behind", "kafka-behind"]);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("for good: kafka-has-it goes on in the new cluster with what was not published in the old one", async () => {
    await exchangeUnderARelay("begun");
    const { shards } = await world.decide("--all", "--verdict", "kafka-has-it");
    await world.publishAll();
    const { once, doubled } = await world.arrived();
    // Some of the five may have been under way when the cluster went: their plan is what it takes for published.
    const given = shards.reduce((sum, shard) => sum + shard.may_lose, 0);
    expect({ once, doubled }).toEqual({ once: 5 - given, doubled: 0 });
  });
});
