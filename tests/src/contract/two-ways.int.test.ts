import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { eventFor } from "@siding/testkit/publisher-contract/publisher-under-test.js";
import { afterAll, describe, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { createTopic, deleteTopic } from "../topics.js";
import { calmDown, probe, RETURNED } from "./calm-down.js";

const COMMITTED = { kind: "committed" };
const PARTITIONS = 12;

describe("the two ways into Kafka's transactions", { timeout: 30_000 }, () => {
  const brokers = inject("kafkaBrokers");
  const opened: KafkaPublisher[] = [];
  let made = 0;

  /** A shard of a deployment, and a topic, that no test has used. */
  async function fresh(
    properties: Readonly<Record<string, string>> = {},
  ): Promise<{ topic: string; shard: ShardPublisher; again: () => Promise<ShardPublisher>; opens: () => number }> {
    made += 1;
    const deployment = `two-ways-${process.pid}-${made}`;
    await createTopic(brokers, deployment, PARTITIONS);
    const reached: string[] = [];
    /** How often a way was opened since the shard was. */
    const opens = (): number => reached.filter((point) => point === "after-open").length;
    const open = async (): Promise<ShardPublisher> => {
      const options = {
        brokers,
        deployment,
        shards: 1,
        properties,
        reach: (point: string) => void reached.push(point),
      };
      const publisher = await KafkaPublisher.connect(options, "exactly-once");
      opened.push(publisher);
      return await publisher.open(0);
    };
    return { topic: deployment, shard: await open(), again: open, opens };
  }

  async function read(topic: string, count: number): Promise<CommittedReader["records"]> {
    const reader = await CommittedReader.open(brokers, topic, PARTITIONS);
    try {
      return await reader.until(count, { graceMs: 500, stallMs: 10_000 });
    } finally {
      await reader.close();
    }
  }

  afterAll(async () => {
    for (const publisher of opened) await publisher.close();
  });

  test("a stream of small batches takes the quick one, and what is not for it goes the other way", async () => {
    const { topic, shard } = await fresh();
    expect(await probe(shard, topic)).toMatchObject({ kind: "refused", events: [{ error: /too large/i }] });
    await calmDown(shard);
    expect(await probe(shard, topic)).toEqual(RETURNED);
    await shard.rested();
    expect(await probe(shard, topic)).toMatchObject({ kind: "refused", events: [{ error: /too large/i }] });
    expect(await shard.publish({ batch: 1n, events: [eventFor(topic, "after")] })).toEqual(COMMITTED);
    expect((await read(topic, 1)).map(({ value }) => value)).toEqual([JSON.stringify("after")]);
    await shard.close();
  });

  test("a key's events find the same partition either way", async () => {
    const { topic, shard } = await fresh();
    const keys = ["k", "tenant:1", "ümläut", "🚚", ...Array.from({ length: 40 }, (_, n) => `key-${n}`)];
    const events = (way: string) => keys.map((key) => eventFor(topic, way, { key }));
    expect(await shard.publish({ batch: 1n, events: events("bulk") })).toEqual(COMMITTED);
    await calmDown(shard);
    expect(await shard.publish({ batch: 2n, events: events("quick") })).toEqual(COMMITTED);
    expect(await probe(shard, topic)).toEqual(RETURNED);
    const records = await read(topic, 2 * keys.length);
    const places = (way: string) =>
      new Map(
        records.filter(({ value }) => value === JSON.stringify(way)).map(({ key, partition }) => [key, partition]),
      );
    expect(places("bulk").size).toBe(keys.length);
    expect(places("quick")).toEqual(places("bulk"));
    await shard.close();
  });

  test("headers, keys and values are the same either way", async () => {
    const { topic, shard } = await fresh();
    const event = { ...eventFor(topic, "ümläut 🚚"), headers: { "x-own": "wörd" } };
    await shard.publish({ batch: 1n, events: [event] });
    await calmDown(shard);
    await shard.publish({ batch: 2n, events: [event, { ...event, payload: Buffer.from([0, 255, 10]) as never }] });
    expect(await probe(shard, topic)).toEqual(RETURNED);
    const [bulk, quick, bytes] = await read(topic, 3);
    const { offset: _bulk, timestampMs: bulkMs, ...seenInBulk } = bulk!;
    const { offset: _quick, timestampMs: quickMs, ...seenQuickly } = quick!;
    expect(seenQuickly).toEqual(seenInBulk);
    expect(quickMs - bulkMs).toBeLessThan(60_000);
    expect(bytes!.value).toBe(Buffer.from([0, 255, 10]).toString());
    await shard.close();
  });

  test("whoever opens a shard fences a transaction that is open on the quick one", async () => {
    const { topic, shard, again, opens } = await fresh();
    await calmDown(shard);
    expect(opens()).toBe(1);
    let settle: (isPlanned: boolean) => void = () => {};
    const planned = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    const publishing = shard.publish({ batch: 1n, events: [eventFor(topic, "zombie")], planned });
    const next = await again();
    settle(true);
    expect(await publishing).toEqual({ kind: "fenced" });
    await shard.rested();
    expect(await shard.publish({ batch: 2n, events: [eventFor(topic, "zombie")] })).toEqual({ kind: "fenced" });
    expect(await next.committedBatch()).toBe(0n);
    expect(await next.publish({ batch: 3n, events: [eventFor(topic, "after")] })).toEqual(COMMITTED);
    expect((await read(topic, 1)).map(({ value }) => value)).toEqual([JSON.stringify("after")]);
    for (const each of [shard, next]) await each.close();
  });

  test("a topic that goes away between two batches is named, and the shard goes on", async () => {
    const { topic, shard } = await fresh();
    await calmDown(shard);
    expect(await shard.publish({ batch: 1n, events: [eventFor(topic, "before")] })).toEqual(COMMITTED);
    await deleteTopic(brokers, topic);
    // The broker forgets a topic a moment after it has said so.
    let batch = 2n;
    let outcome = await shard.publish({ batch, events: [eventFor(topic, "after")] });
    while (outcome.kind === "committed" && batch < 100n) {
      batch += 1n;
      outcome = await shard.publish({ batch, events: [eventFor(topic, "after")] });
    }
    expect(outcome).toMatchObject({ kind: "refused", events: [] });
    expect(outcome.kind === "refused" ? [...outcome.topics] : []).toEqual([
      [topic, expect.stringMatching(/(adding|producing to) the topic .*: UNKNOWN_TOPIC_OR_PART/)],
    ]);
    await shard.rested();
    expect(await shard.publish({ batch: 101n, events: [] })).toEqual(COMMITTED);
    expect(await shard.committedBatch()).toBe(101n);
    await shard.close();
  });

  test("a property that the quick one would not heed keeps a shard from it", async () => {
    const { topic, shard } = await fresh({ "linger.ms": "1" });
    await calmDown(shard);
    expect(await probe(shard, topic)).toMatchObject({ kind: "refused", events: [{ error: /too large/i }] });
    await shard.close();
  });
});
