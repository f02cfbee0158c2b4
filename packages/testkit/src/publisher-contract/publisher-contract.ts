import type { Publisher, ShardPublisher } from "@siding/core/ports/publisher.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventFor, type PublisherUnderTest } from "./publisher-under-test.js";
import { transactionPromises } from "./transaction-promises.js";

export interface PublisherSuite {
  /** The parts that every test of a file shares. */
  readonly kafka: () => PublisherUnderTest;
  readonly publisher: () => Publisher;
  /** A shard and a topic that no test has used. Where `isUntouched`, nothing has been published to the shard either. */
  fresh(how?: { recordBytesMax?: number | undefined; isUntouched?: boolean }): Promise<Fresh>;
}

interface Fresh {
  readonly shard: number;
  readonly topic: string;
  readonly opened: ShardPublisher;
}

/**
 * What every Publisher promises (the port in core). The real one and a simulated one run the same suite.
 * @param delivery at-least-once promises less: it has no numbers, no fence, and what goes with a refused record may be seen
 */
export function publisherContract(
  name: string,
  delivery: "exactly-once" | "at-least-once",
  open: () => Promise<PublisherUnderTest>,
): void {
  describe(`${name}, ${delivery}, keeps the publisher's promises`, () => {
    let kafka: PublisherUnderTest;
    let publisher: Publisher;
    let used = 0;
    beforeAll(async () => {
      kafka = await open();
      publisher = await kafka.connect();
    });
    afterAll(() => kafka?.close());
    const suite: PublisherSuite = {
      kafka: () => kafka,
      publisher: () => publisher,
      fresh: async ({ recordBytesMax, isUntouched = false } = {}) => {
        const shard = used++;
        const topic = `${name}-${delivery}-contract-${shard}`.replaceAll(/\W+/g, "-");
        await kafka.createTopic(topic, recordBytesMax);
        const opened = persistent(await publisher.open(shard));
        if (!isUntouched) await kafka.warmUp?.(opened);
        return { shard, topic, opened };
      },
    };
    publishPromises(suite, delivery);
    if (delivery === "exactly-once") describe("in transactions", () => transactionPromises(suite));
  });
}

/** Publishes again, after a rest, what came back with nothing to blame. The relay would check its epoch before that. */
function persistent(opened: ShardPublisher): ShardPublisher {
  return {
    committedBatch: () => opened.committedBatch(),
    commitNumber: (batch) => opened.commitNumber(batch),
    rested: () => opened.rested(),
    close: () => opened.close(),
    publish: async (request) => {
      for (let tries = 1; ; tries++) {
        const outcome = await opened.publish(request);
        const isReturned = outcome.kind === "refused" && outcome.events.length + outcome.topics.size === 0;
        if (!isReturned) return outcome;
        if (tries === 2) throw new Error("a batch came back twice with nothing to blame");
        await opened.rested();
      }
    },
  };
}

function publishPromises(suite: PublisherSuite, delivery: "exactly-once" | "at-least-once"): void {
  const committed = { kind: "committed" };
  const valuesIn = async (topic: string, count: number): Promise<string[]> =>
    (await suite.kafka().read(topic, count)).map((record) => JSON.parse(record.value));

  test("the cluster has an id, the same for everyone", async () => {
    const id = await suite.publisher().clusterId();
    expect(id).toMatch(/\S/);
    expect(await (await suite.kafka().connect()).clusterId()).toBe(id);
  });

  test("records arrive once each, in order, as promised in key, value and headers", async () => {
    const { topic, opened } = await suite.fresh();
    const events = ["a", "b", "c"].map((value) => eventFor(topic, value));
    expect(await opened.publish({ batch: 1n, events })).toEqual(committed);
    expect(await opened.publish({ batch: 2n, events: [eventFor(topic, "d")] })).toEqual(committed);
    const records = await suite.kafka().read(topic, 4);
    expect(records.map((record) => [record.key, record.value])).toEqual(
      ["a", "b", "c", "d"].map((value) => ["k", JSON.stringify(value)]),
    );
    expect(records[0]!.headers).toMatchObject({
      "tenant-id": "acme",
      "event-id": events[0]!.eventId,
      "event-topic": topic,
      "event-created-at": "2026-01-01T00:00:00.000Z",
      "retry-count": "0",
      "processing-attempt": "1",
    });
    await opened.close();
  });

  test("an event that is tried again says so in its headers", async () => {
    const { topic, opened } = await suite.fresh();
    await opened.publish({ batch: 1n, events: [{ ...eventFor(topic, "a"), attempts: 2, key: null }] });
    const [record] = await suite.kafka().read(topic, 1);
    expect(record!.headers).toMatchObject({ "retry-count": "2", "processing-attempt": "3" });
    expect(record!.key).toMatch(/^acme:/);
    await opened.close();
  });

  test("a large batch arrives whole and in order", { timeout: 60_000 }, async () => {
    const { topic, opened } = await suite.fresh();
    const values = Array.from({ length: 5_000 }, (_, n) => String(n));
    const events = values.map((value) => eventFor(topic, value, { bytes: 200 }));
    expect(await opened.publish({ batch: 1n, events })).toEqual(committed);
    const seen = (await valuesIn(topic, values.length)).map(([value]) => value);
    expect(seen).toEqual(values);
    await opened.close();
  });

  test.each([
    ["that the client refuses at once", 3_000_000, undefined],
    ["that the broker refuses later", 5_000, 2_000],
  ])("a record %s is named, and the next batch goes through at once", async (_what, bytes, recordBytesMax) => {
    const { topic, opened } = await suite.fresh({ recordBytesMax });
    const bad = eventFor(topic, "bad", { bytes });
    const outcome = await opened.publish({ batch: 1n, events: [eventFor(topic, "beside"), bad] });
    expect(outcome).toMatchObject({ kind: "refused", topics: new Map() });
    const { events } = outcome as Extract<typeof outcome, { kind: "refused" }>;
    // A broker refuses a whole request: neighbours may be named with the one that is to blame.
    expect(events.map((fault) => fault.seq)).toContain(bad.seq);
    expect(events.find((fault) => fault.seq === bad.seq)!.error).toMatch(/too large/i);
    for (const batch of [2n, 3n]) {
      expect(await opened.publish({ batch, events: [eventFor(topic, `after-${batch}`)] })).toEqual(committed);
    }
    const seen = await valuesIn(topic, 2);
    // What went with the refused record is not seen where there are transactions, and may be where there are none.
    const expected = ["after-2", "after-3"];
    expect(delivery === "exactly-once" ? seen : seen.filter((value) => value !== "beside")).toEqual(expected);
    await opened.close();
  });

  test("a topic that does not exist is named before anything is published, until it is made", async () => {
    const { topic } = await suite.fresh();
    const missing = `${topic}-missing`;
    const faults = await suite.publisher().topicFaults(new Set([topic, missing]));
    expect([...faults.keys()]).toEqual([missing]);
    expect(faults.get(missing)).toMatch(/does not exist/);
    await suite.kafka().createTopic(missing);
    await expect
      .poll(() => suite.publisher().topicFaults(new Set([topic, missing])), { timeout: 10_000 })
      .toEqual(new Map());
  });

  test("a publisher that is closed gives up what is under way", async () => {
    const another = await suite.kafka().connect();
    const { shard } = await suite.fresh();
    await another.close();
    await expect(another.open(shard)).rejects.toMatchObject({ code: "SIDING_BROKER_UNREACHABLE" });
  });
}
