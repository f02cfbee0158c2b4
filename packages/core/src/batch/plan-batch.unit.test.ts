import { describe, expect, test } from "vitest";
import type { Cursor } from "../cursor/cursor.js";
import { isConsumed } from "../cursor/cursor.js";
import type { Page } from "../cursor/page.js";
import { parseSnapshot } from "../cursor/snapshot.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { Failure } from "../retry/failure.js";
import { type BatchPlan, planBatch } from "./plan-batch.js";

const CURSOR: Cursor = { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: 2n };
const event = (seq: number, topic = "a"): OutboxEvent => ({
  seq: BigInt(seq),
  xid: 5n,
  eventId: `id-${seq}`,
  tenantId: "t",
  dedupeKey: `id-${seq}`,
  topic,
  key: null,
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

function plan(
  page: Page<OutboxEvent>,
  {
    faults = {},
    failures = [] as Failure[],
    retryAtMs = {} as Record<number, number>,
    nowMs = 0,
    alreadyPublished = [] as number[],
  } = {},
): BatchPlan {
  return planBatch({
    cursor: CURSOR,
    page,
    topicFaults: new Map(Object.entries(faults)),
    failures: new Map(failures.map((each) => [each.seq, each])),
    alreadyPublished: new Set(alreadyPublished.map(BigInt)),
    retryAtMs: new Map(Object.entries(retryAtMs).map(([seq, at]) => [BigInt(seq), at])),
    nowMs,
    attemptsMax: 5,
  });
}

const seqs = (result: BatchPlan) => (result.kind === "batch" ? result.events.map((each) => Number(each.seq)) : []);

describe("the next batch of a shard", () => {
  test("is the whole page where nothing is amiss", () => {
    const result = plan(pageOf(event(1), event(2)));
    expect(result).toMatchObject({ kind: "batch", whole: true, dead: [] });
    expect(seqs(result)).toEqual([1, 2]);
  });

  test("ends before the first event of a topic that is missing, and nothing passes it", () => {
    const result = plan(pageOf(event(1), event(2, "gone"), event(3)), { faults: { gone: "no such topic" } });
    expect(result).toMatchObject({ kind: "batch", whole: false });
    expect(seqs(result)).toEqual([1]);
    if (result.kind === "batch") expect(isConsumed(result.cursor, event(2, "gone"))).toBe(false);
  });

  test("waits, naming topic and reason, when that event is the first", () => {
    const result = plan(pageOf(event(2, "gone"), event(3)), { faults: { gone: "no such topic" } });
    expect(result).toEqual({ kind: "wait-for-topic", topic: "gone", reason: "no such topic" });
  });

  test("has a refused event alone, so that its verdict is its own", () => {
    const page = pageOf(event(1), event(2), event(3));
    expect(seqs(plan(page, { failures: [failure(2, 1)] }))).toEqual([1]);
    const alone = plan(pageOf(event(2), event(3)), { failures: [failure(2, 1)] });
    expect(seqs(alone)).toEqual([2]);
    if (alone.kind === "batch") expect(alone.events[0]?.attempts).toBe(1);
  });

  test("waits for a refused event's time, in order", () => {
    const result = plan(pageOf(event(2), event(3)), { failures: [failure(2, 1)], retryAtMs: { 2: 50 }, nowMs: 20 });
    expect(result).toEqual({ kind: "wait-for-retry", seq: 2n, waitMs: 30 });
  });

  test("consumes an event that has used up its attempts without publishing it", () => {
    const result = plan(pageOf(event(1), event(2), event(3)), { failures: [failure(2, 5)] });
    expect(seqs(result)).toEqual([1, 3]);
    expect(result).toMatchObject({ whole: true, dead: [{ event: { seq: 2n }, failure: { attempts: 5 } }] });
  });

  test("passes what is in Kafka already, also where nothing else is left", () => {
    const some = plan(pageOf(event(1), event(2), event(3)), { alreadyPublished: [1, 3] });
    expect(some).toMatchObject({ whole: true, passed: [{ seq: 1n }, { seq: 3n }], cursor: { position: 3n } });
    expect(seqs(some)).toEqual([2]);
    const all = plan(pageOf(event(1)), { alreadyPublished: [1], faults: { orders: "gone" } });
    expect(all).toMatchObject({ kind: "batch", events: [], passed: [{ seq: 1n }], cursor: { position: 1n } });
  });
});
