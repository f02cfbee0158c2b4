import type { Cursor } from "@siding/core/cursor/cursor.js";
import { parseSnapshot } from "@siding/core/cursor/snapshot.js";
import { PACES } from "@siding/core/poll/pace.js";
import type { Clock } from "@siding/core/ports/clock.js";
import type { Patience, Store, WaitingLine } from "@siding/core/ports/store.js";
import { describe, expect, test } from "vitest";
import { DueWatch, LOOKS_MAX } from "./due-watch.js";

const CURSOR: Cursor = { form: "plain", position: 7n, snapshot: parseSnapshot("5:5:"), nextXid: 9n };
const SHARD_0 = { shard: 0, cursor: CURSOR, isForJobs: true };
const LONG_MS = 60_000;
const noWait = { sleep: async () => {}, monotonicMs: () => 0 } as unknown as Clock;

/** A store that answers each look when the test says so. */
class AskedStore {
  readonly looks: ((shards: number[]) => void)[] = [];
  /** What each look was for. */
  readonly asked: { readonly shards: readonly number[]; readonly patience: Patience }[] = [];
  readonly asStore = {
    due: (lines: readonly WaitingLine[], patience: Patience) =>
      new Promise((resolve) => {
        this.asked.push({ shards: lines.map(({ shard }) => shard), patience });
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
    const waited = watch.wait(SHARD_0, LONG_MS, first.signal as never);
    const answerFirst = await store.look(0);
    first.abort();
    await waited;
    const again = watch.wait(SHARD_0, LONG_MS, new AbortController().signal as never);
    answerFirst([0]);
    (await store.look(1))([0]);
    await expect(again).resolves.toMatchObject({ cursor: { position: 7n } });
  });

  test("a look that finds nothing moves the snapshot on, and forgets the number that bounded the old one", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const waited = watch.wait(SHARD_0, LONG_MS, new AbortController().signal as never);
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
    const busy = watch.wait({ shard: 1, cursor: CURSOR, isForJobs: false }, LONG_MS, stop.signal as never);
    (await store.look(0))([]);
    const idle = watch.wait({ shard: 1, cursor: CURSOR, isForJobs: true }, LONG_MS, stop.signal as never);
    (await store.look(1))([]);
    await expect(idle).resolves.toMatchObject({ hasJob: true });
    stop.abort();
    await expect(busy).resolves.toMatchObject({ hasJob: false });
  });

  test("a shard is looked for often at first, then ever less, and often again once it had work", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const signal = new AbortController().signal as never;
    const waited = watch.wait(SHARD_0, LONG_MS, signal);
    for (let index = 0; index < 4; index++) (await store.look(index))([]);
    (await store.look(4))([0]);
    await waited;
    const again = watch.wait(SHARD_0, LONG_MS, signal);
    (await store.look(5))([0]);
    await again;
    const [first, second, last] = PACES;
    expect(store.asked.map(({ patience }) => patience)).toEqual([first, second, last, last, last, first]);
  });

  test("no look lasts longer than who waits, and one that was cut says nothing of how busy the shard is", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const stop = new AbortController();
    const waited = watch.wait(SHARD_0, 7, stop.signal as never);
    (await store.look(0))([]);
    await store.look(1);
    stop.abort();
    await waited;
    const cut = { ...PACES[0], forMs: 7 };
    expect(store.asked.map(({ patience }) => patience)).toEqual([cut, cut]);
  });

  test("who begins to wait while a look lasts has one of its own, and where too many last one look follows another", async () => {
    const store = new AskedStore();
    const watch = new DueWatch(store.asStore, noWait);
    const stop = new AbortController();
    const waits = [];
    for (let shard = 0; shard <= LOOKS_MAX; shard++) {
      waits.push(watch.wait({ ...SHARD_0, shard }, LONG_MS, stop.signal as never));
      await store.look(shard);
    }
    (await store.look(LOOKS_MAX))([LOOKS_MAX]);
    await expect(waits[LOOKS_MAX]).resolves.toMatchObject({ hasJob: false });
    expect(store.asked.map(({ shards, patience }) => [shards, patience.forMs > 0])).toEqual([
      ...[0, 1, 2, 3].map((shard) => [[shard], true]),
      [[LOOKS_MAX], false],
    ]);
    store.looks[0]!([0]);
    await expect(waits[0]).resolves.toMatchObject({ cursor: { position: 7n } });
    stop.abort();
    await Promise.all(waits);
  });

  test("the slowest looks end at once, and go on as one", async () => {
    const store = new AskedStore();
    let nowMs = 0;
    const watch = new DueWatch(store.asStore, { ...noWait, monotonicMs: () => nowMs } as Clock);
    const stop = new AbortController();
    const waits = [watch.wait(SHARD_0, LONG_MS, stop.signal as never)];
    (await store.look(0))([]);
    (await store.look(1))([]);
    await store.look(2);
    nowMs = 400;
    waits.push(watch.wait({ ...SHARD_0, shard: 2 }, LONG_MS, stop.signal as never));
    (await store.look(3))([]);
    (await store.look(4))([]);
    await store.look(5);
    const [, , last] = PACES;
    expect(store.asked[2]).toEqual({ shards: [0], patience: last });
    expect(store.asked[5]).toEqual({ shards: [2], patience: { ...last, forMs: last!.forMs - 400 } });
    nowMs = last!.forMs;
    store.looks[2]!([]);
    store.looks[5]!([]);
    await store.look(6);
    expect(store.asked[6]).toEqual({ shards: [0, 2], patience: last });
    stop.abort();
    await Promise.all(waits);
  });

  test("a store that fails fails every wait", async () => {
    const store = { due: async () => Promise.reject(new Error("gone")) } as unknown as Store;
    const watch = new DueWatch(store, noWait);
    const signal = new AbortController().signal as never;
    await expect(watch.wait(SHARD_0, LONG_MS, signal)).rejects.toThrow("gone");
  });
});
