import type { Cursor } from "@siding/core/cursor/cursor.js";
import { parseSnapshot } from "@siding/core/cursor/snapshot.js";
import type { Clock } from "@siding/core/ports/clock.js";
import type { Store } from "@siding/core/ports/store.js";
import { describe, expect, test } from "vitest";
import { DueWatch } from "./due-watch.js";

const CURSOR: Cursor = { form: "plain", position: 7n, snapshot: parseSnapshot("5:5:"), nextXid: 9n };
const SHARD_0 = { shard: 0, cursor: CURSOR, isForJobs: true };
const noWait = { sleep: async () => {} } as unknown as Clock;

/** A store that answers each look when the test says so. */
class AskedStore {
  readonly looks: ((shards: number[]) => void)[] = [];
  readonly asStore = {
    due: () =>
      new Promise((resolve) => {
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

  test("a store that fails fails every wait", async () => {
    const store = { due: async () => Promise.reject(new Error("gone")) } as unknown as Store;
    const watch = new DueWatch(store, noWait);
    const signal = new AbortController().signal as never;
    await expect(watch.wait(SHARD_0, signal)).rejects.toThrow("gone");
  });
});
