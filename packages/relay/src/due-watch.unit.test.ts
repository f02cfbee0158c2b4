import type { Cursor } from "@siding/core/cursor/cursor.js";
import { parseSnapshot } from "@siding/core/cursor/snapshot.js";
import type { Clock } from "@siding/core/ports/clock.js";
import type { Patience, Store, WaitingLine } from "@siding/core/ports/store.js";
import { describe, expect, test } from "vitest";
import { DueWatch } from "./due-watch.js";

const CURSOR: Cursor = { form: "plain", position: 7n, snapshot: parseSnapshot("5:5:"), nextXid: 9n };
const SHARD_0 = { shard: 0, cursor: CURSOR, isForJobs: true };
const noWait = { sleep: async () => {}, monotonicMs: () => 0 } as unknown as Clock;

/** A store that answers each look when the test says so. */
class AskedStore {
  readonly looks: ((shards: number[]) => void)[] = [];
  /** What each look was for. */
  readonly asked: { readonly shards: readonly number[]; readonly isRest: boolean }[] = [];
  readonly asStore = {
    due: (lines: readonly WaitingLine[], { forMs }: Patience) =>
      new Promise((resolve) => {
        this.asked.push({ shards: lines.map(({ shard }) => shard), isRest: forMs > 0 });
        this.looks.push((shards) => resolve({ shards, withJobs: [1], snapshot: parseSnapshot("6:6:") }));
      }),
  } as unknown as Store;

  async look(index: number): Promise<(shards: number[]) => void> {
    while (this.looks[index] === undefined) await new Promise((resolve) => setImmediate(resolve));
    return this.looks[index];
  }
}

describe("waiting for work", () => {
  test("a look that began before a wait ended does not end the next wait of that shard", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const first = new AbortController();
    const waited = watch.wait(SHARD_0, first.signal as never);
    const answerFirst = await store.look(0);
    first.abort();
    await waited;
    const again = watch.wait(SHARD_0, new AbortController().signal as never);
    answerFirst([0]);
    (await store.look(1))([0]);
    await expect(again).resolves.toMatchObject({ cursor: { position: 7n } });
  });

  test("a look that finds nothing moves the snapshot on, and forgets the number that bounded the old one", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const waited = watch.wait(SHARD_0, new AbortController().signal as never);
    (await store.look(0))([]);
    (await store.look(1))([0]);
    await expect(waited).resolves.toEqual({
      cursor: { ...CURSOR, snapshot: parseSnapshot("6:6:"), nextXid: null },
      hasJob: false,
    });
  });

  test("an open job ends the wait of who asks for jobs, and of nobody else", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const stop = new AbortController();
    const busy = watch.wait({ shard: 1, cursor: CURSOR, isForJobs: false }, stop.signal as never);
    (await store.look(0))([]);
    const idle = watch.wait({ shard: 1, cursor: CURSOR, isForJobs: true }, stop.signal as never);
    (await store.look(1))([]);
    await expect(idle).resolves.toMatchObject({ hasJob: true });
    stop.abort();
    await expect(busy).resolves.toMatchObject({ hasJob: false });
  });

  test("after looks that found nothing one look lasts, and who begins to wait meanwhile has one of its own", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const signal = new AbortController().signal as never;
    const first = watch.wait(SHARD_0, signal);
    let index = 0;
    for (; ; index++) {
      const answer = await store.look(index);
      if (store.asked[index]!.isRest) break;
      answer([]);
    }
    expect(index).toBeGreaterThan(5);
    const second = watch.wait({ ...SHARD_0, shard: 2 }, signal);
    (await store.look(index + 1))([2]);
    await expect(second).resolves.toMatchObject({ hasJob: false });
    expect(store.asked[index + 1]).toEqual({ shards: [2], isRest: true });
    const third = watch.wait({ ...SHARD_0, shard: 3 }, signal);
    const beside = await store.look(index + 2);
    store.looks[index]!([0]);
    await expect(first).resolves.toMatchObject({ cursor: { position: 7n } });
    beside([3]);
    await third;
  });

  test("looks that last end at once, and go on as one", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const stop = new AbortController();
    const waits = [watch.wait(SHARD_0, stop.signal as never)];
    let index = 0;
    for (; ; index++) {
      const answer = await store.look(index);
      if (store.asked[index]!.isRest) break;
      answer([]);
    }
    waits.push(watch.wait({ ...SHARD_0, shard: 2 }, stop.signal as never));
    const beside = await store.look(index + 1);
    store.looks[index]!([]);
    beside([]);
    await store.look(index + 2);
    expect(store.asked[index + 2]).toEqual({ shards: [0, 2], isRest: true });
    stop.abort();
    await Promise.all(waits);
  });

  test("a store that fails fails every wait", async () => {
    const store = { due: async () => Promise.reject(new Error("gone")) } as unknown as Store;
    const watch = new DueWatch(store, noWait);
    const signal = new AbortController().signal as never;
    await expect(watch.wait(SHARD_0, signal)).rejects.toThrow("gone");
  });
});
