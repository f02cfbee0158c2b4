import type { Failure } from "@siding/core/retry/failure.js";
import { expect, test } from "vitest";
import { asLeft, claimed, enqueue, LEASE_MS, type StoreUnderTest } from "./store-under-test.js";

function failure(seq: bigint, attempts: number, retryInMs = 0): Failure {
  return { seq, attempts, lastError: `too large ${attempts}`, fingerprint: "too large #", retryInMs };
}

export function failurePromises(opened: () => StoreUnderTest): void {
  test("a refused event is remembered, with how long it still waits", async () => {
    const { store, passTime } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease } = await claimed(opened());
    expect(await store.recordFailures(lease, [failure(seq, 1, 40_000)])).toBe(true);
    await passTime(10_000);
    const [found] = (await claimed(opened())).failures;
    expect(found).toMatchObject({ seq, attempts: 1, lastError: "too large 1", fingerprint: "too large #" });
    expect(found!.retryInMs).toBeGreaterThan(0);
    expect(found!.retryInMs).toBeLessThanOrEqual(30_000);
    await passTime(LEASE_MS);
    expect((await asLeft(opened())).failures[0]!.retryInMs).toBe(0);
  });

  test("a later refusal replaces the one before it", async () => {
    const { store } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease } = await claimed(opened());
    await store.recordFailures(lease, [failure(seq, 1)]);
    await store.recordFailures(lease, [failure(seq, 2)]);
    expect((await asLeft(opened())).failures).toEqual([failure(seq, 2)]);
  });

  test("a dead letter is laid down with its plan, and is no failure any more", async () => {
    const { store } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease, cursor } = await claimed(opened());
    await store.recordFailures(lease, [failure(seq, 5)]);
    await store.prepare(lease, { batch: 1n, cursor, dead: [failure(seq, 5)], published: [], lines: null, job: null });
    await store.promote(lease, 1n);
    expect((await asLeft(opened())).failures).toEqual([]);
  });

  test("a discarded plan's dead letters are failures once more", async () => {
    const { store } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease, cursor } = await claimed(opened());
    await store.recordFailures(lease, [failure(seq, 5)]);
    await store.prepare(lease, { batch: 1n, cursor, dead: [failure(seq, 5)], published: [], lines: null, job: null });
    await store.discard(lease, 1n);
    expect((await asLeft(opened())).failures).toEqual([failure(seq, 5)]);
  });

  test("an advance lays dead letters down at once", async () => {
    const { store } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease, cursor } = await claimed(opened());
    await store.recordFailures(lease, [failure(seq, 5)]);
    await store.advance(lease, { cursor, dead: [failure(seq, 5)], published: [], lines: null, job: null });
    expect((await asLeft(opened())).failures).toEqual([]);
  });
}
