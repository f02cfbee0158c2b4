import type { FailPoint } from "@siding/core/ports/fail-point.js";
import type { Publisher, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Store } from "@siding/core/ports/store.js";
import { describe, expect, test } from "vitest";
import { publisherWithFailPoints, storeWithFailPoints } from "./fail-points.js";

/** Keeps what it has, as the real adapters do, in a private field: a method called on anything else would throw. */
class Counting {
  #calls = 0;
  async promote(): Promise<boolean> {
    this.#calls += 1;
    return this.#calls === 1;
  }
  async discard(): Promise<boolean> {
    throw new Error("gone");
  }
  async release(): Promise<void> {
    this.#calls += 1;
  }
}

function record(): { reached: [FailPoint, number | null][]; reach: (point: FailPoint, shard: number | null) => void } {
  const reached: [FailPoint, number | null][] = [];
  return { reached, reach: (point, shard) => void reached.push([point, shard]) };
}

const lease = { shard: 3, epoch: 1n };

describe("fail points around a port", () => {
  test("are told before a call and after its answer, which is passed on", async () => {
    const { reached, reach } = record();
    const store = storeWithFailPoints(new Counting() as unknown as Store, reach);
    expect(await store.promote(lease, 1n)).toBe(true);
    expect(reached).toEqual([
      ["before-promote", 3],
      ["after-promote", 3],
    ]);
  });

  test("are not told of an answer that did not come", async () => {
    const { reached, reach } = record();
    const store = storeWithFailPoints(new Counting() as unknown as Store, reach);
    await expect(store.discard(lease, 1n)).rejects.toThrow("gone");
    expect(reached).toEqual([["before-discard", 3]]);
  });

  test("are not told of calls that are no step of the protocol", async () => {
    const { reached, reach } = record();
    await storeWithFailPoints(new Counting() as unknown as Store, reach).release(lease);
    expect(reached).toEqual([]);
  });

  test("are told of what an opened shard is asked, too", async () => {
    const { reached, reach } = record();
    const shard = { committedBatch: async () => 7n } as unknown as ShardPublisher;
    const publisher = publisherWithFailPoints({ open: async () => shard } as unknown as Publisher, reach);
    expect(await (await publisher.open(2)).committedBatch()).toBe(7n);
    expect(reached.map(([point]) => point)).toEqual([
      "before-open",
      "after-open",
      "before-committed-read",
      "after-committed-read",
    ]);
    expect(reached.map(([, of]) => of)).toEqual([2, 2, 2, 2]);
  });
});
