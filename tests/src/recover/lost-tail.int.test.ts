import Kafka from "@confluentinc/kafka-javascript";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { halts, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

// Servers of its own: the broker's data goes back to an earlier state, as an unclean election leaves it.
describe("a Kafka that lost its tail", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeEach(async () => {
    postgres ??= await openPostgres("tail");
    kafka = await openKafka("tail");
  });
  afterEach(async () => {
    await world.close();
    await kafka.close();
  });
  afterAll(() => postgres?.close());

  /** 20 events that Kafka keeps, 15 that it loses, 5 that come after. Answers a moment before the loss. */
  async function loseTail(name: string): Promise<string> {
    world = await RecoverWorld.create(postgres, kafka, name, { shards: 2 });
    await world.enqueue(20);
    await world.publishAll();
    const copy = await kafka.backUp();
    const [row] = await world.query("select clock_timestamp() as at");
    const relay = world.startRelay();
    await relay.logged(/shard \d taken/);
    await world.enqueue(15);
    await world.untilPublished();
    await kafka.replace(copy);
    await world.enqueue(5);
    await halts(relay, /Kafka lost history.*--verdict scan --since TIME \(exact\)/);
    return (row!.at as Date).toISOString();
  }

  test("scan since a time before the loss publishes exactly what is gone", async () => {
    const before = await loseTail("tail_scanned");
    // Both shards lost batches; the relay halted when it met the first of them.
    const from = new Date(Date.parse(before) - 60_000).toISOString();
    const { shards } = await world.decide("--all", "--verdict", "scan", "--since", from);
    expect(shards.reduce((sum, shard) => sum + shard.found_in_kafka, 0)).toBe(20);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 40, missing: 0, doubled: 0, foreign: 0 });
  });

  test("kafka-lacks-it since a time doubles no more than it says, and loses nothing", async () => {
    const before = await loseTail("tail_republished");
    const from = new Date(Date.parse(before) - 60_000).toISOString();
    const { shards } = await world.decide("--all", "--verdict", "kafka-lacks-it", "--since", from);
    expect(shards.reduce((sum, shard) => sum + shard.may_double, 0)).toBeGreaterThanOrEqual(35);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 20, missing: 0, doubled: 20, foreign: 0 });
  });

  test("kafka-has-it leaves what is gone, and goes on behind it", async () => {
    await loseTail("tail_left");
    await world.decide("--all", "--verdict", "kafka-has-it");
    await world.publishAll();
    const { once, missing, doubled } = await world.arrived();
    expect({ once: once + missing, doubled }).toEqual({ once: 40, doubled: 0 });
    expect(missing).toBeGreaterThanOrEqual(15);
  });

  test("only its numbers lost, and the events still there: scan publishes none of them again", async () => {
    world = await RecoverWorld.create(postgres, kafka, "tail_numbers");
    for (let round = 0; round < 3; round++) {
      await world.enqueue(10);
      await world.publishAll();
    }
    await writeNumber("tail_numbers", 1);
    await halts(world.startRelay(), /Kafka holds batch 1, .*Kafka lost history/);
    const [shard] = (await world.decide("--shard", "0", "--verdict", "scan", "--since", "1h")).shards;
    expect(shard).toMatchObject({ events: 30, found_in_kafka: 30, owed: 0 });
    await world.enqueue(5);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 35, missing: 0, doubled: 0, foreign: 0 });
  });

  test("unnoticed by the numbers: scan on a healthy shard finds what is gone, and ends the relay that owns it", async () => {
    world = await RecoverWorld.create(postgres, kafka, "tail_unnoticed");
    await world.enqueue(20);
    const relay = world.startRelay();
    await world.untilPublished();
    const [row] = await world.query("select epoch::int from siding.shard");
    const { shards } = await world.decide("--shard", "0", "--verdict", "scan", "--since", "1h");
    expect(shards[0]).toMatchObject({ doubt: "none", events: 20, found_in_kafka: 20, owed: 0 });
    await world.enqueue(5);
    await world.untilPublished();
    const [after] = await world.query("select epoch::int from siding.shard");
    expect(after!.epoch).toBeGreaterThan(row!.epoch + 1);
    expect((await relay.stop()).code).toBe(0);
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("records that Kafka deleted by age are not taken for missing: scan says so and decides nothing", async () => {
    world = await RecoverWorld.create(postgres, kafka, "tail_deleted");
    await world.enqueue(20);
    await world.publishAll();
    await deleteRecords(world.topic, 3);
    const before = await world.query("select * from siding.shard");
    const ended = await world.recover("--shard", "0", "--verdict", "scan", "--since", "1h", "--reason", "x", "--yes");
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/Kafka has deleted records of topic/) });
    const [after] = await world.query("select * from siding.shard");
    expect(after).toEqual({ ...before[0], epoch: expect.anything(), server_start: expect.anything() });
  });

  async function writeNumber(name: string, batch: number): Promise<void> {
    const producer = new Kafka.Producer({ "bootstrap.servers": kafka.running.brokers });
    await new Promise<void>((resolve, reject) => producer.connect({}, (error) => (error ? reject(error) : resolve())));
    producer.produce("siding.progress", 0, Buffer.from(String(batch)), name);
    await new Promise<void>((resolve, reject) =>
      producer.flush(10_000, (error) => (error ? reject(error) : resolve())),
    );
    await new Promise((resolve) => producer.disconnect(resolve));
  }

  async function deleteRecords(topic: string, partitions: number): Promise<void> {
    const admin = Kafka.AdminClient.create({ "bootstrap.servers": kafka.running.brokers });
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 2 }));
    await new Promise<void>((resolve, reject) => {
      admin.deleteRecords(
        places,
        { timeout: 20_000 } as never,
        ((error: unknown) => (error ? reject(error) : resolve())) as never,
      );
    });
    admin.disconnect();
  }
});
