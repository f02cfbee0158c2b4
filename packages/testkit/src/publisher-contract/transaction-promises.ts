import type { PublishOutcome } from "@siding/core/ports/publisher.js";
import { expect, test } from "vitest";
import type { PublisherSuite } from "./publisher-contract.js";
import { eventFor } from "./publisher-under-test.js";

/** What Kafka's transactions add: a number that goes with the records, a fence, and nothing seen of what was aborted. */
export function transactionPromises(suite: PublisherSuite): void {
  const valuesIn = async (topic: string, count: number): Promise<string[]> =>
    (await suite.kafka().read(topic, count)).map((record) => JSON.parse(record.value));

  test("a shard has no number until it is given one", async () => {
    const { opened } = await suite.fresh({ isUntouched: true });
    expect(await opened.committedBatch()).toBeNull();
    await opened.commitNumber(0n);
    expect(await opened.committedBatch()).toBe(0n);
    await opened.commitNumber(0n);
    expect(await opened.committedBatch()).toBe(0n);
    await opened.close();
  });

  test("the number goes with the records, and is found by the next owner", async () => {
    const { shard, topic, opened } = await suite.fresh();
    await opened.publish({ batch: 41n, events: [eventFor(topic, "a")] });
    await opened.publish({ batch: 42n, events: [] });
    expect(await opened.committedBatch()).toBe(42n);
    const next = await (await suite.kafka().connect()).open(shard);
    expect(await next.committedBatch()).toBe(42n);
    for (const each of [opened, next]) await each.close();
  });

  test("a refused batch leaves the number as it was", async () => {
    const { topic, opened } = await suite.fresh();
    await opened.commitNumber(7n);
    const outcome = await opened.publish({ batch: 8n, events: [eventFor(topic, "bad", { bytes: 3_000_000 })] });
    expect(outcome.kind).toBe("refused");
    expect(await opened.committedBatch()).toBe(7n);
    await opened.close();
  });

  test("nothing is committed before its plan is durable, and nothing of a batch whose plan is not", async () => {
    const { topic, opened } = await suite.fresh();
    const beside = await suite.fresh();
    await opened.commitNumber(7n);
    let settle: (isPlanned: boolean) => void = () => {};
    const publish = (batch: bigint, value: string): Promise<PublishOutcome> => {
      const planned = new Promise<boolean>((resolve) => {
        settle = resolve;
      });
      return opened.publish({ batch, events: [eventFor(topic, value)], planned });
    };
    const withheld = publish(8n, "withheld");
    let isOver = false;
    void withheld.then(() => {
      isOver = true;
    });
    for (let batch = 1n; batch <= 3n; batch++) {
      expect((await beside.opened.publish({ batch, events: [eventFor(beside.topic, "beside")] })).kind).toBe(
        "committed",
      );
    }
    expect(isOver).toBe(false);
    settle(false);
    expect(await withheld).toEqual({ kind: "withheld" });
    expect(await opened.committedBatch()).toBe(7n);
    const planned = publish(9n, "planned");
    settle(true);
    expect(await planned).toEqual({ kind: "committed" });
    expect(await opened.committedBatch()).toBe(9n);
    expect(await valuesIn(topic, 1)).toEqual(["planned"]);
    for (const each of [opened, beside.opened]) await each.close();
  });

  test("whoever opens a shard fences the owner before, who can publish nothing any more", async () => {
    const { shard, topic, opened } = await suite.fresh();
    await opened.publish({ batch: 1n, events: [eventFor(topic, "before")] });
    const next = await (await suite.kafka().connect()).open(shard);
    expect(await opened.publish({ batch: 2n, events: [eventFor(topic, "zombie")] })).toEqual({ kind: "fenced" });
    await expect(opened.commitNumber(2n)).rejects.toMatchObject({ code: "SIDING_FENCED" });
    expect(await next.committedBatch()).toBe(1n);
    expect(await next.publish({ batch: 3n, events: [eventFor(topic, "after")] })).toEqual({ kind: "committed" });
    expect(await valuesIn(topic, 2)).toEqual(["before", "after"]);
    for (const each of [opened, next]) await each.close();
  });

  test("a number that is read after the fence is final, whatever was under way", { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const { shard, topic, opened } = await suite.fresh();
      await opened.commitNumber(0n);
      const another = await suite.kafka().connect();
      // Few enough not to come back to be planned anew, which nobody here would check the owner's epoch for.
      const events = Array.from({ length: 800 }, (_, n) => eventFor(topic, String(n), { bytes: 200 }));
      const underWay = opened.publish({ batch: 1n, events });
      const next = await another.open(shard);
      const number = await next.committedBatch();
      const outcome = await underWay;
      expect(number).toBeOneOf([0n, 1n]);
      if (outcome.kind === "committed") expect(number).toBe(1n);
      expect(await suite.kafka().read(topic, number === 1n ? events.length : 0)).toHaveLength(
        number === 1n ? events.length : 0,
      );
      expect(await next.committedBatch()).toBe(number);
      for (const each of [opened, next]) await each.close();
    }
  });
}
