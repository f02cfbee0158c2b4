import { randomBytes } from "node:crypto";
import Kafka from "@confluentinc/kafka-javascript";
import { PROGRESS_TOPIC } from "@siding/publisher-kafka/client-config.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { afterEach, describe, expect, inject, test } from "vitest";

const SHARDS = 200;
const deployment = `numbers-${randomBytes(4).toString("hex")}`;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function connect(): Promise<KafkaPublisher> {
  // One more than has numbers of this deployment.
  const kafka = { brokers: inject("kafkaBrokers"), deployment, shards: SHARDS + 1, properties: {} };
  const publisher = await KafkaPublisher.connect(kafka, "exactly-once");
  ends.push(() => publisher.close());
  return publisher;
}

/** A producer with a transaction open, as a relay that stands still leaves it. */
async function openTransaction(id: string): Promise<InstanceType<typeof Kafka.Producer>> {
  const producer = new Kafka.Producer({ "bootstrap.servers": inject("kafkaBrokers"), "transactional.id": id });
  const ask = (call: (done: (error: unknown) => void) => unknown): Promise<void> =>
    new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
  await ask((done) => producer.connect({}, done));
  await ask((done) => producer.initTransactions(10_000, done));
  await ask((done) => producer.beginTransaction(done));
  ends.push(() => ask((done) => producer.disconnect(0, done)));
  return producer;
}

describe("the numbers of many shards", () => {
  test("are read side by side: hundreds within a fraction of a lease", async () => {
    const publisher = await connect();
    const writer = await openTransaction(`${deployment}-writer`);
    for (let shard = 0; shard < SHARDS; shard += 1) {
      writer.produce(PROGRESS_TOPIC, shard, Buffer.from(String(1_000 + shard)), deployment);
      writer.produce(PROGRESS_TOPIC, shard, Buffer.from("7"), "another-deployment");
    }
    await new Promise<void>((resolve, reject) =>
      writer.commitTransaction(30_000, (error) => (error ? reject(error) : resolve())),
    );
    await publisher.peekNumber(0);
    const began = performance.now();
    const numbers = await Promise.all(Array.from({ length: SHARDS }, (_, shard) => publisher.peekNumber(shard)));
    const ms = performance.now() - began;
    expect(numbers).toEqual(Array.from({ length: SHARDS }, (_, shard) => BigInt(1_000 + shard)));
    console.info(`${SHARDS} numbers in ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(5_000);
  });

  test("one that lies far behind another deployment's numbers is found, and one that is not there too", async () => {
    const publisher = await connect();
    const writer = await openTransaction(`${deployment}-crowd`);
    writer.produce(PROGRESS_TOPIC, 6, Buffer.from("42"), deployment);
    for (let n = 0; n < 1_500; n++) {
      for (const shard of [6, SHARDS])
        writer.produce(PROGRESS_TOPIC, shard, Buffer.from(String(n)), "another-deployment");
    }
    await new Promise<void>((resolve, reject) =>
      writer.commitTransaction(30_000, (error) => (error ? reject(error) : resolve())),
    );
    expect(await Promise.all([publisher.peekNumber(6), publisher.peekNumber(SHARDS)])).toEqual([42n, null]);
  });

  test("one behind an open transaction keeps no other waiting, and is final when that has ended", async () => {
    const publisher = await connect();
    const stuck = await openTransaction(`${deployment}-stuck`);
    stuck.produce(PROGRESS_TOPIC, 3, Buffer.from("99"), deployment);
    await new Promise<void>((resolve) => stuck.flush(10_000, () => resolve()));
    let answered = false;
    const waiting = publisher.peekNumber(3).finally(() => {
      answered = true;
    });
    const others = [0, 1, 2, 4, 5].map((shard) => publisher.peekNumber(shard));
    expect(await Promise.all(others)).toEqual([1_000n, 1_001n, 1_002n, 1_004n, 1_005n]);
    expect(answered).toBe(false);
    await new Promise<void>((resolve, reject) =>
      stuck.abortTransaction(30_000, (error) => (error ? reject(error) : resolve())),
    );
    expect(await waiting).toBe(1_003n);
  });
});
