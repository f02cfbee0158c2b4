import { expect, test } from "vitest";
import { NOTHING_ELSE } from "./nothing-else.js";
import { asLeft, claimed, enqueue, moved, type StoreUnderTest } from "./store-under-test.js";

export function planPromises(opened: () => StoreUnderTest): void {
  test("a fresh shard has no plan, no number and no progress", async () => {
    expect(await claimed(opened())).toMatchObject({
      lastBatch: 0n,
      promotedBatch: 0n,
      plan: null,
      progressAgeMs: null,
      failures: [],
      cursor: { form: "plain", position: 0n },
    });
  });

  test("a plan is found by the next owner, whole, and its cursor is not the shard's yet", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const prepared = await store.prepare(lease, {
      batch: 1n,
      cursor: moved(cursor, 7n),
      ...NOTHING_ELSE,
    });
    const left = await asLeft(opened());
    expect(left).toMatchObject({ lastBatch: 1n, promotedBatch: 0n, cursor });
    expect(left.plan).toMatchObject({ batch: 1n, cursor: { position: 7n, snapshot: cursor.snapshot } });
    expect(prepared!.nextXid).toBeGreaterThan(0n);
  });

  test("a cursor without nx gets the plan's own xid, and one with an nx keeps it", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const prepared = await store.prepare(lease, {
      batch: 1n,
      cursor: { ...cursor, nextXid: null },
      ...NOTHING_ELSE,
    });
    expect((await claimed(opened())).plan!.cursor.nextXid).toBe(prepared!.nextXid);
    const { lease: renewed } = await claimed(opened());
    await store.prepare(renewed, {
      batch: 2n,
      cursor: { ...cursor, nextXid: 3n },
      ...NOTHING_ELSE,
    });
    expect((await claimed(opened())).plan!.cursor.nextXid).toBe(3n);
  });

  test("a cursor in window form comes back as it was laid down", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const window = {
      form: "window",
      position: 2n ** 60n,
      snapshot: { xmin: 5n, xmax: 2n ** 61n + 9n, inProgress: [5n, 7n] },
      nextXid: 2n ** 61n + 9n,
      windowPosition: 9n,
      windowSnapshot: { xmin: 6n, xmax: 20n, inProgress: [6n] },
      windowNextXid: 21n,
    } as const;
    expect(cursor.form).toBe("plain");
    await store.prepare(lease, { batch: 1n, cursor: window, ...NOTHING_ELSE });
    expect((await claimed(opened())).plan!.cursor).toEqual(window);
  });

  test("a prepare promotes the plan before it", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    await store.prepare(lease, {
      batch: 1n,
      cursor: moved(cursor, 7n),
      ...NOTHING_ELSE,
    });
    await store.prepare(lease, {
      batch: 2n,
      cursor: moved(cursor, 9n),
      ...NOTHING_ELSE,
    });
    expect(await asLeft(opened())).toMatchObject({
      promotedBatch: 1n,
      lastBatch: 2n,
      cursor: { position: 7n },
      plan: { batch: 2n, cursor: { position: 9n } },
    });
  });

  test("a promote takes effect once, for the plan that lies open and for no other", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    await store.prepare(lease, {
      batch: 1n,
      cursor: moved(cursor, 7n),
      ...NOTHING_ELSE,
    });
    expect(await store.promote(lease, 2n)).toBe(false);
    expect(await store.promote(lease, 1n)).toBe(true);
    expect(await store.promote(lease, 1n)).toBe(false);
    expect(await asLeft(opened())).toMatchObject({ promotedBatch: 1n, plan: null, cursor: { position: 7n } });
  });

  test("a number is never used twice: not after a promote, not after a discard, not below the last one", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    await store.prepare(lease, { batch: 1n, cursor, ...NOTHING_ELSE });
    expect(await store.prepare(lease, { batch: 1n, cursor, ...NOTHING_ELSE })).toBeNull();
    await store.promote(lease, 1n);
    expect(await store.prepare(lease, { batch: 1n, cursor, ...NOTHING_ELSE })).toBeNull();
    await store.prepare(lease, { batch: 5n, cursor, ...NOTHING_ELSE });
    expect(await store.discard(lease, 5n)).toBe(true);
    expect(await store.prepare(lease, { batch: 5n, cursor, ...NOTHING_ELSE })).toBeNull();
    expect(await store.prepare(lease, { batch: 4n, cursor, ...NOTHING_ELSE })).toBeNull();
    expect(await asLeft(opened())).toMatchObject({ lastBatch: 5n, promotedBatch: 1n, plan: null });
  });

  test("a discard leaves the shard where it stood, for the plan that lies open and for no other", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    await store.prepare(lease, {
      batch: 1n,
      cursor: moved(cursor, 7n),
      ...NOTHING_ELSE,
    });
    expect(await store.discard(lease, 2n)).toBe(false);
    expect(await store.discard(lease, 1n)).toBe(true);
    expect(await store.discard(lease, 1n)).toBe(false);
    expect(await asLeft(opened())).toMatchObject({ promotedBatch: 0n, plan: null, cursor });
  });

  test("an advance moves the cursor without a number, and drops a plan that was left open", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    await store.prepare(lease, {
      batch: 1n,
      cursor: moved(cursor, 7n),
      ...NOTHING_ELSE,
    });
    const advanced = await store.advance(lease, {
      cursor: { ...moved(cursor, 3n), nextXid: null },
      ...NOTHING_ELSE,
    });
    expect(await asLeft(opened())).toMatchObject({
      plan: null,
      promotedBatch: 0n,
      cursor: { position: 3n, nextXid: advanced!.nextXid },
    });
  });

  test("progress is remembered with its age", async () => {
    const { store, passTime } = opened();
    const { lease } = await claimed(opened());
    expect(await store.markProgress(lease)).toBe(true);
    await passTime(5_000);
    const { progressAgeMs } = await claimed(opened());
    expect(progressAgeMs).toBeGreaterThanOrEqual(5_000);
    expect(progressAgeMs).toBeLessThan(60_000);
  });

  test("shards do not touch each other", async () => {
    const { store } = opened();
    await enqueue(opened(), { shard: 1 });
    const first = await claimed(opened(), 0);
    const second = await claimed(opened(), 1);
    await store.prepare(first.lease, {
      batch: 1n,
      cursor: moved(first.cursor, 7n),
      ...NOTHING_ELSE,
    });
    await store.promote(first.lease, 1n);
    expect(await asLeft(opened(), 1)).toMatchObject({ promotedBatch: 0n, lastBatch: 0n, cursor: second.cursor });
  });
}
