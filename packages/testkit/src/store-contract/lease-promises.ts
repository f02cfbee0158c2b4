import type { Lease } from "@siding/core/ports/store.js";
import { expect, test } from "vitest";
import { NOTHING_ELSE } from "./nothing-else.js";
import { asLeft, claimed, LEASE_MS, ONE, SHARDS, type StoreUnderTest, TWO } from "./store-under-test.js";

const EVERY = Array.from({ length: SHARDS }, (_, shard) => shard);

export function leasePromises(opened: () => StoreUnderTest): void {
  test("the deployment is pinned by whoever comes first, and everyone is told what is pinned", async () => {
    const { store } = opened();
    const before = await store.deployment();
    expect(before).toMatchObject({ shards: SHARDS, pinned: null });
    const { systemIdentifier, timeline } = before;
    const first = { deployment: "a", kafkaClusterId: "one", systemIdentifier, timeline };
    expect(await store.pin(first)).toEqual(first);
    expect(await store.pin({ ...first, deployment: "b", kafkaClusterId: "two" })).toEqual(first);
    expect((await store.deployment()).pinned).toEqual(first);
  });

  test("a heartbeat tells who lives, what is held and what is free", async () => {
    const { store } = opened();
    expect(await store.beat(ONE, LEASE_MS)).toEqual({
      liveRelays: 1,
      held: [],
      claimable: EVERY,
      nextExpiryMs: null,
      halted: new Map(),
    });
    const { lease } = await claimed(opened(), 1);
    expect(await store.beat(ONE, LEASE_MS)).toMatchObject({ held: [lease], claimable: [0], nextExpiryMs: null });
    const seen = await store.beat(TWO, LEASE_MS);
    expect(seen).toMatchObject({ liveRelays: 2, held: [], claimable: [0] });
    // The one that waits to take over can come when the lease ends, and not up to a heartbeat later.
    expect(seen.nextExpiryMs).toBeGreaterThan(0);
    expect(seen.nextExpiryMs).toBeLessThanOrEqual(LEASE_MS);
  });

  test("a heartbeat renews what is held; a lease that is not renewed runs out, for its owner too", async () => {
    const { store, passTime } = opened();
    await store.beat(ONE, LEASE_MS);
    const { lease } = await claimed(opened());
    await passTime(0.8 * LEASE_MS);
    expect((await store.beat(ONE, LEASE_MS)).held).toEqual([lease]);
    await passTime(0.8 * LEASE_MS);
    expect(await store.claim(0, TWO.relayId, LEASE_MS)).toBeNull();
    await passTime(0.4 * LEASE_MS);
    expect(await store.beat(ONE, LEASE_MS)).toMatchObject({ held: [], claimable: EVERY });
    expect(await store.beat(TWO, LEASE_MS)).toMatchObject({ claimable: EVERY });
  });

  test("a relay that is not heard of any more does not count", async () => {
    const { store, passTime } = opened();
    await store.beat(ONE, LEASE_MS);
    await passTime(2 * LEASE_MS);
    expect((await store.beat(TWO, LEASE_MS)).liveRelays).toBe(1);
  });

  test("a shard has one owner, and every claim raises its epoch", async () => {
    const { store } = opened();
    const first = await claimed(opened());
    expect(await store.claim(0, TWO.relayId, LEASE_MS)).toBeNull();
    const again = await claimed(opened());
    expect(again.lease.epoch).toBeGreaterThan(first.lease.epoch);
    const taken = await asLeft(opened());
    expect(taken.lease.epoch).toBeGreaterThan(again.lease.epoch);
  });

  test("a shard that is given back is free at once, and only its owner can give it back", async () => {
    const { store } = opened();
    const old = await claimed(opened());
    const current = await claimed(opened());
    await store.release(old.lease);
    expect(await store.claim(0, TWO.relayId, LEASE_MS)).toBeNull();
    await store.release(current.lease);
    await claimed(opened(), 0, TWO);
  });

  test("a farewell gives everything back, and the relay is no longer counted", async () => {
    const { store } = opened();
    await store.beat(ONE, LEASE_MS);
    for (const shard of EVERY) await claimed(opened(), shard);
    await store.farewell(ONE.relayId);
    expect(await store.beat(TWO, LEASE_MS)).toMatchObject({ liveRelays: 1, claimable: EVERY });
  });

  test("nothing is changed under an epoch that has passed, and every call says so", async () => {
    const { store } = opened();
    const old = await claimed(opened());
    const { lease, cursor } = await claimed(opened());
    expect(await store.prepare(lease, { batch: 1n, cursor, ...NOTHING_ELSE })).not.toBeNull();
    const dead = { seq: 1n, attempts: 5, lastError: "e", fingerprint: "e", retryInMs: 0 };
    const refused: Record<string, (lease: Lease) => Promise<unknown>> = {
      prepare: (zombie) =>
        store.prepare(zombie, { batch: 2n, cursor, dead: [dead], published: [], lines: null, job: null }),
      promote: (zombie) => store.promote(zombie, 1n),
      discard: (zombie) => store.discard(zombie, 1n),
      advance: (zombie) => store.advance(zombie, { cursor, dead: [dead], published: [], lines: null, job: null }),
      recordFailures: (zombie) => store.recordFailures(zombie, [dead]),
      markProgress: (zombie) => store.markProgress(zombie),
      reportHalt: (zombie) => store.reportHalt(zombie, "lost"),
    };
    for (const [name, call] of Object.entries(refused)) expect(await call(old.lease), name).toBeOneOf([null, false]);
    expect((await store.beat(TWO, LEASE_MS)).halted.size).toBe(0);
    expect(await asLeft(opened())).toMatchObject({
      plan: { batch: 1n },
      lastBatch: 1n,
      promotedBatch: 0n,
      progressAgeMs: null,
      failures: [],
    });
  });

  test("a halted shard is free of its owner and taken by nobody, and every heartbeat tells why", async () => {
    const { store, endHalt } = opened();
    const { lease } = await claimed(opened());
    expect(await store.reportHalt(lease, "history lost")).toBe(true);
    for (const relay of [ONE, TWO]) {
      const beat = await store.beat(relay, LEASE_MS);
      expect(beat).toMatchObject({ held: [], claimable: [1], halted: new Map([[0, "history lost"]]) });
      expect(await store.claim(0, relay.relayId, LEASE_MS)).toBeNull();
    }
    await endHalt(0);
    expect(await store.beat(TWO, LEASE_MS)).toMatchObject({ claimable: EVERY, halted: new Map() });
    await claimed(opened(), 0, TWO);
  });
}
