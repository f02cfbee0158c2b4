import { describe, expect, test } from "vitest";
import { Breakers } from "../breaker/breakers.js";
import type { Cursor } from "../cursor/cursor.js";
import { isConsumed } from "../cursor/cursor.js";
import type { Page } from "../cursor/page.js";
import { parseSnapshot } from "../cursor/snapshot.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import { type Lane, type LaneFilter, ofOrder, ofTenant, ofTenantAndTopic, ofTopic } from "../lane/lane.js";
import { Lanes } from "../lane/lanes.js";
import type { TenantPolicy } from "../policy/tenant-policy.js";
import type { Failure } from "../retry/failure.js";
import { RETRY_LANES_MAX, TENANT_TOPIC_LANES_MAX, TOPIC_LANES_MAX } from "./hold-filter.js";
import { type Batch, type BatchPlan, type PlanInput, planBatch } from "./plan-batch.js";

const CURSOR: Cursor = { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: 2n };
const MAIN: Cursor = { ...CURSOR, position: 100n };
const NOW_MS = 1_000_000;
const event = (seq: number, { topic = "a", tenantId = "t", key = null as string | null } = {}): OutboxEvent => ({
  seq: BigInt(seq),
  xid: 5n,
  eventId: `id-${seq}`,
  tenantId,
  dedupeKey: `id-${seq}`,
  topic,
  key,
  headers: null,
  payload: "{}",
  bytes: 2,
  createdAt: "2026-01-01T00:00:00.000Z",
  attempts: 0,
});
const pageOf = (...fresh: OutboxEvent[]): Page<OutboxEvent> => ({
  snapshot: parseSnapshot("9:9:"),
  late: [],
  lateComplete: true,
  fresh,
});
const failure = (seq: number, attempts: number): Failure => ({
  seq: BigInt(seq),
  attempts,
  lastError: "too large",
  fingerprint: "too large",
  retryInMs: 0,
});
const UNLIMITED: TenantPolicy = {
  quota: null,
  warnAt: 0.8,
  batchLimit: null,
  weight: 1,
  breaker: { failures: 2, coolDownMs: 100, coolDownMaxMs: 300 },
  retry: "flow-first",
  replay: true,
};
const laneOf = (filter: LaneFilter, more: Partial<Lane> = {}): Lane => ({
  filter,
  reason: "retry",
  detail: "",
  resumeAtMs: NOW_MS,
  probes: 0,
  cursor: CURSOR,
  ...more,
});

interface Setting extends Partial<PlanInput> {
  readonly policy?: Partial<TenantPolicy>;
  readonly paused?: string;
  readonly faults?: Record<string, string>;
  readonly failed?: readonly Failure[];
  readonly retryAt?: Record<number, number>;
  readonly passed?: readonly number[];
  /** Lanes that are due, each with its rows. */
  readonly due?: readonly (readonly [Lane, readonly OutboxEvent[]])[];
}

function plan(page: Page<OutboxEvent>, setting: Setting = {}): BatchPlan {
  const { policy, paused, faults = {}, failed = [], retryAt = {}, passed = [], due = [], ...rest } = setting;
  return planBatch({
    main: due.length === 0 ? CURSOR : MAIN,
    page,
    lanes: new Lanes(due.map(([lane]) => lane)),
    laneReads: due.map(([lane, rows]) => ({ lane, page: { ...pageOf(...rows), isToEnd: true } })),
    isProbeTurn: true,
    policies: {
      of: () => ({ ...UNLIMITED, ...policy }),
      pauseOf: (tenantId) => (tenantId === paused ? { actor: "ann", reason: "asked to", untilMs: null } : null),
    },
    quotas: new Map(),
    topicFaults: new Map(Object.entries(faults)),
    breakers: new Breakers(),
    failures: new Map(failed.map((each) => [each.seq, each])),
    retryAtMs: new Map(Object.entries(retryAt).map(([seq, at]) => [BigInt(seq), at])),
    alreadyPublished: new Set(passed.map(BigInt)),
    discarded: new Set(),
    nowNs: BigInt(NOW_MS) * 1_000_000n,
    attemptsMax: 5,
    eventsMax: 1_000,
    bytesMax: 1_000_000,
    mainBytes: 1_000_000,
    ...rest,
  });
}

function batch(page: Page<OutboxEvent>, setting: Setting = {}): Batch {
  const result = plan(page, setting);
  if (result.kind !== "batch") throw new Error(`no batch: ${result.kind}`);
  return result;
}
const seqs = ({ events }: Batch): number[] => events.map((each) => Number(each.seq));
const held = ({ held }: Batch) => held.map(({ filter, reason, resumeAtMs }) => ({ filter, reason, resumeAtMs }));

describe("the next batch of a shard", () => {
  test("is the whole page where nothing is amiss", () => {
    const result = batch(pageOf(event(1), event(2)));
    expect(result).toMatchObject({ whole: true, dead: [], changed: [], dropped: [] });
    expect(seqs(result)).toEqual([1, 2]);
  });

  test("is nothing where the page holds nothing, or only what lanes carry", () => {
    expect(plan(pageOf())).toMatchObject({ kind: "empty", isEnd: true });
    const lanes = new Lanes([laneOf(ofTenant("t"), { resumeAtMs: null })]);
    const carried = plan(pageOf(event(1)), { lanes });
    expect(carried).toMatchObject({ kind: "empty", isEnd: false, cursor: { position: 1n } });
  });

  test("passes what its page left out, and keeps the lanes that carry it though they have caught up", () => {
    const lane = laneOf(ofTenant("t"), { reason: "fair-share" });
    const skimmed = { tenants: new Set(["t"]), through: 150n, isToEnd: false };
    const nothing = { ...pageOf(), skimmed };
    expect(plan(nothing)).toMatchObject({ kind: "empty", isEnd: false, cursor: { position: 150n } });
    expect(plan({ ...nothing, skimmed: { ...skimmed, isToEnd: true } })).toMatchObject({ isEnd: true });
    const due = [[lane, [event(7)]]] as const;
    expect(batch(pageOf(event(101, { tenantId: "u" })), { due }).dropped).toEqual([ofTenant("t")]);
    const skimming = batch({ ...pageOf(event(101, { tenantId: "u" })), skimmed }, { due });
    expect(seqs(skimming)).toEqual([7, 101]);
    expect(skimming).toMatchObject({ dropped: [], cursor: { position: 150n } });
  });

  test("leaves a topic that is missing in a lane of its own, and everything else goes", () => {
    const page = pageOf(event(1), event(2, { topic: "gone" }), event(3));
    const result = batch(page, { faults: { gone: "no such topic" } });
    expect(seqs(result)).toEqual([1, 3]);
    expect(result.changed).toMatchObject([
      { filter: ofTopic("gone"), reason: "breaker", detail: "no such topic", resumeAtMs: NOW_MS + 100, probes: 0 },
    ]);
    expect(isConsumed(result.changed[0]!.cursor, event(2))).toBe(false);
  });

  test("leaves it alone for longer with every look that finds it missing still, up to the most", () => {
    const resumes = [0, 1, 2].map((probes) => {
      const lane = laneOf(ofTopic("gone"), { reason: "breaker", probes });
      const due = [[lane, [event(2, { topic: "gone" })]] as const];
      return batch(pageOf(), { due, faults: { gone: "no such topic" } }).changed[0]!;
    });
    expect(resumes.map(({ probes, resumeAtMs }) => [probes, resumeAtMs! - NOW_MS])).toEqual([
      [1, 200],
      [2, 300],
      [3, 300],
    ]);
  });

  test("probes a topic that is back with one event alone, and its lane drains from then on", () => {
    const lane = laneOf(ofTopic("back"), { reason: "breaker", probes: 3 });
    const waiting = [event(2, { topic: "back" }), event(3, { topic: "back" })];
    const result = batch(pageOf(event(101)), { due: [[lane, waiting]] });
    expect(result).toMatchObject({ isProbe: true, whole: false, cursor: MAIN });
    expect(seqs(result)).toEqual([2]);
    expect(result.changed).toMatchObject([{ filter: ofTopic("back"), reason: "fair-share", probes: 0 }]);
  });

  test("goes on with everybody else between two probes", () => {
    const lane = laneOf(ofTopic("back"), { reason: "breaker" });
    const due = [[lane, [event(2, { topic: "back" })]] as const];
    expect(seqs(batch(pageOf(event(101)), { due, isProbeTurn: false }))).toEqual([101]);
    expect(seqs(batch(pageOf(), { due, isProbeTurn: false }))).toEqual([2]);
  });

  test("holds a refused event until its time with what has to keep its order, and nothing else", () => {
    const page = pageOf(event(1, { key: "k" }), event(2, { key: "k" }), event(3, { key: "l" }), event(4));
    const result = batch(page, { failed: [failure(1, 1)], retryAt: { 1: NOW_MS + 50 } });
    expect(seqs(result)).toEqual([3, 4]);
    expect(held(result)).toEqual([
      { filter: ofOrder(event(1, { key: "k" })), reason: "retry", resumeAtMs: NOW_MS + 50 },
    ]);
    const alone = batch(pageOf(event(1), event(2)), { failed: [failure(1, 1)], retryAt: { 1: NOW_MS + 50 } });
    expect(seqs(alone)).toEqual([2]);
    expect(held(alone)[0]!.filter).toEqual(ofOrder(event(1)));
  });

  test("has a refused event alone when its time has come, so that its verdict is its own", () => {
    const lane = laneOf(ofOrder(event(1, { key: "k" })));
    const due = [[lane, [event(1, { key: "k" }), event(2, { key: "k" })]] as const];
    const result = batch(pageOf(event(101)), { due, failed: [failure(1, 2)] });
    expect(result.events).toMatchObject([{ seq: 1n, attempts: 2 }]);
    expect(result.isProbe).toBe(true);
  });

  test("makes all of a tenant wait that has too many lanes of refused events", () => {
    const lanes = new Lanes(
      Array.from({ length: RETRY_LANES_MAX }, (_, n) => laneOf(ofOrder(event(n + 1)), { resumeAtMs: NOW_MS + 9 })),
    );
    const failed = [failure(200, 1)];
    const result = batch(pageOf(event(200), event(201)), { lanes, main: MAIN, failed, retryAt: { 200: NOW_MS + 50 } });
    expect(held(result)).toEqual([{ filter: ofTenant("t"), reason: "retry", resumeAtMs: NOW_MS + 50 }]);
    expect(seqs(result)).toEqual([]);
  });

  test("gives a tenant of ever new topics no more lanes than it may have, and makes nobody wait beside it", () => {
    const strange = Array.from({ length: 500 }, (_, n) => event(n + 1, { topic: `strange-${n}` }));
    const beside = [event(600, { tenantId: "u", topic: "gone" }), event(601, { tenantId: "u" }), event(602)];
    const faults = Object.fromEntries([...strange, beside[0]!].map(({ topic }) => [topic, "no such topic"]));
    const result = batch(pageOf(...strange, ...beside), { faults });
    expect(seqs(result)).toEqual([601]);
    const filters = result.changed.map(({ filter }) => filter);
    const count = (isCounted: (filter: LaneFilter) => boolean) => filters.filter(isCounted).length;
    expect(count(({ tenantId }) => tenantId === null)).toBe(TOPIC_LANES_MAX);
    // Of its own, and its part of the others'.
    const own = TENANT_TOPIC_LANES_MAX + TOPIC_LANES_MAX;
    expect(count(({ tenantId, topic }) => tenantId === "t" && topic !== null)).toBe(own);
    expect(filters.filter(({ tenantId }) => tenantId === "u")).toEqual([ofTenantAndTopic(beside[0]!)]);
    expect(filters).toContainEqual(ofTenant("t"));
    for (const each of [...strange, beside[2]!]) expect(isConsumed(result.lanes.cover(each)!.cursor, each)).toBe(false);
  });

  test("consumes an event that has used up its attempts without publishing it, and its order goes on", () => {
    const page = pageOf(...[1, 2, 3].map((seq) => event(seq, { key: "k" })));
    const result = batch(page, { failed: [failure(2, 5)] });
    expect(seqs(result)).toEqual([1, 3]);
    expect(result).toMatchObject({ whole: true, dead: [{ event: { seq: 2n }, failure: { attempts: 5 } }] });
  });

  test("stops its order behind a dead letter where the policy says order first", () => {
    const page = pageOf(event(2, { key: "k" }), event(3, { key: "k" }), event(4), event(5, { key: "l" }));
    const result = batch(page, { failed: [failure(2, 5)], policy: { retry: "order-first" } });
    expect(result.dead).toMatchObject([{ event: { seq: 2n } }]);
    expect(seqs(result)).toEqual([4, 5]);
    expect(held(result)).toEqual([{ filter: ofOrder(event(2, { key: "k" })), reason: "retry", resumeAtMs: null }]);
  });

  test("passes what is in Kafka already, also where nothing else is left", () => {
    const some = batch(pageOf(event(1), event(2), event(3)), { passed: [1, 3] });
    expect(some).toMatchObject({ whole: true, passed: [{ seq: 1n }, { seq: 3n }], cursor: { position: 3n } });
    expect(seqs(some)).toEqual([2]);
    const all = batch(pageOf(event(1)), { passed: [1] });
    expect(all).toMatchObject({ events: [], passed: [{ seq: 1n }], cursor: { position: 1n } });
  });

  test("holds a tenant that is paused, and says who paused it and why", () => {
    const result = batch(pageOf(event(1), event(2, { tenantId: "u" })), { paused: "t" });
    expect(seqs(result)).toEqual([2]);
    expect(result.held).toMatchObject([{ filter: ofTenant("t"), reason: "paused", detail: "paused by ann: asked to" }]);
  });

  test("lets what waited go on at once where what held it is over, page by page", () => {
    const resumed = laneOf(ofTenant("t"), { reason: "paused", detail: "paused by ann: asked to", resumeAtMs: null });
    const raised = laneOf(ofTenant("u"), { reason: "quota", resumeAtMs: NOW_MS + 60_000 });
    const result = batch(pageOf(), {
      due: [
        [resumed, [event(1), event(2)]],
        [raised, [event(3, { tenantId: "u" }), event(4, { tenantId: "u" })]],
      ],
      eventsMax: 1,
    });
    expect(seqs(result)).toEqual([1]);
    expect(result.lanes.get(resumed.filter)).toMatchObject({ reason: "fair-share", resumeAtMs: NOW_MS });
    const next = batch(pageOf(), {
      due: [[raised, [event(3, { tenantId: "u" }), event(4, { tenantId: "u" })]]],
      eventsMax: 1,
    });
    expect(next.lanes.get(raised.filter)).toMatchObject({ reason: "quota", resumeAtMs: NOW_MS });
  });

  test("lets a tenant go up to its quota, counts what went, and holds the rest until more of it may go", () => {
    const quota = {
      events: { amount: 2n, windowNs: 10_000_000_000n, burst: 2n },
      bytes: null,
      mode: "enforce",
    } as const;
    const result = batch(pageOf(event(1), event(2), event(3), event(4)), { policy: { quota } });
    expect(seqs(result)).toEqual([1, 2]);
    expect(result.quotas.get("t")).toMatchObject({ events: 2n, bytes: 4n });
    expect(held(result)).toEqual([{ filter: ofTenant("t"), reason: "quota", resumeAtMs: NOW_MS + 5_000 }]);
    const observing = batch(pageOf(event(1), event(2), event(3)), { policy: { quota: { ...quota, mode: "observe" } } });
    expect(seqs(observing)).toEqual([1, 2, 3]);
    expect(observing.observed).toEqual(new Map([["t", 1]]));
  });

  test("limits one tenant's part of a page where others wait beside it, and only there", () => {
    const policy = { batchLimit: 2 };
    const noisy = [1, 2, 3, 4].map((seq) => event(seq));
    expect(seqs(batch(pageOf(...noisy), { policy }))).toEqual([1, 2, 3, 4]);
    const result = batch(pageOf(...noisy, event(5, { tenantId: "u" })), { policy });
    expect(seqs(result)).toEqual([1, 2, 5]);
    expect(held(result)).toEqual([{ filter: ofTenant("t"), reason: "fair-share", resumeAtMs: NOW_MS }]);
  });

  test("opens a breaker for a tenant's topic after so many batches of it were refused", () => {
    const breakers = new Breakers();
    breakers.refused(event(1), UNLIMITED.breaker, "invalid", NOW_MS);
    expect(seqs(batch(pageOf(event(1)), { breakers }))).toEqual([1]);
    breakers.refused(event(1), UNLIMITED.breaker, "invalid", NOW_MS);
    const result = batch(pageOf(event(1), event(2, { topic: "b" }), event(3, { tenantId: "u" })), { breakers });
    expect(seqs(result)).toEqual([2, 3]);
    expect(held(result)).toEqual([{ filter: ofTenantAndTopic(event(1)), reason: "breaker", resumeAtMs: NOW_MS + 100 }]);
  });

  test("ends with its limits, lanes before the main line, and says that it was full", () => {
    const lane = laneOf(ofTenant("u"), { reason: "fair-share" });
    const due = [[lane, [event(1, { tenantId: "u" }), event(2, { tenantId: "u" })]] as const];
    const full = batch(pageOf(event(101), event(102)), { due, eventsMax: 3 });
    expect(seqs(full)).toEqual([1, 2, 101]);
    expect(full).toMatchObject({ isFull: true, whole: false, cursor: { position: 101n }, dropped: [ofTenant("u")] });
    const shared = batch(pageOf(event(101), event(102)), { due, mainBytes: 2 });
    expect(seqs(shared)).toEqual([1, 2, 101]);
    expect(shared.isFull).toBe(false);
    expect(shared.used.get(lane)).toBe(4);
  });
});
