import { describe, expect, test } from "vitest";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { TenantPolicies } from "../policy/tenant-policy.js";
import type { JobAct, JobRow, OpenJob } from "./job.js";
import { type JobInput, type JobStop, type JobTake, takeOfJob } from "./take-of-job.js";

const JOB: OpenJob = {
  jobId: "job",
  eventsPerSecond: null,
  position: 0n,
  counts: { replayed: 0, redriven: 0, discarded: 0, waiting: 0, failed: 0 },
  lastError: null,
};

function row(seq: number, act: JobAct = "replay", tenantId = "t"): JobRow {
  const event: OutboxEvent = {
    seq: BigInt(seq),
    xid: 1n,
    eventId: `e${seq}`,
    tenantId,
    dedupeKey: `e${seq}`,
    topic: tenantId === "missing" ? "missing" : "topic",
    key: null,
    headers: null,
    payload: "{}",
    bytes: 2,
    createdAt: "2026-01-01T00:00:00.000Z",
    attempts: 0,
  };
  return { act, event };
}

const policies = {
  of: (tenantId: string) => ({ replay: tenantId !== "refuses" }),
  pauseOf: (tenantId: string) => (tenantId === "paused" ? { actor: "ann", reason: "audit", untilMs: null } : null),
} as unknown as TenantPolicies;

function taken(rows: readonly JobRow[], more: Partial<JobInput> = {}): JobTake | JobStop {
  return takeOfJob({
    job: JOB,
    page: { rows, position: 100n, isToEnd: true },
    policies,
    topicFaults: new Map([["missing", "the topic does not exist"]]),
    suspects: new Set(),
    givenUp: new Map(),
    ruledOn: new Set(),
    isHeld: () => false,
    ...more,
  });
}

function going(rows: readonly JobRow[], more: Partial<JobInput> = {}): JobTake {
  const take = taken(rows, more);
  if ("stop" in take) throw new Error(take.stop);
  return take;
}

describe("a job's part of a batch", () => {
  test("replays carry the job's id, redriven dead letters go as themselves, the rest is counted", () => {
    const { step, events } = going([row(1), row(2, "redrive"), row(3, "discard"), row(4, "wait")]);
    expect(events.map(({ eventId, replayJobId }) => [eventId, replayJobId])).toEqual([
      ["e1", "job"],
      ["e2", undefined],
    ]);
    expect(step).toMatchObject({ position: 100n, isEnd: true, redriven: [2n], discarded: [3n] });
    expect(step.counts).toEqual({ replayed: 1, redriven: 1, discarded: 1, waiting: 1, failed: 0 });
  });

  test.each(["paused", "missing"])("it stops before an event that may not go now: %s", (tenantId) => {
    const { step, events } = going([row(1), row(2, "replay", tenantId), row(3)]);
    expect(events.map(({ eventId }) => eventId)).toEqual(["e1"]);
    expect(step).toMatchObject({ position: 1n, isEnd: false });
    expect(taken([row(2, "replay", tenantId)])).toHaveProperty("stop");
  });

  test("a suspect goes alone: what is before it goes first, and what is behind it waits", () => {
    const suspects = new Set([2n]);
    expect(going([row(1), row(2), row(3)], { suspects })).toMatchObject({ isAlone: false, step: { position: 1n } });
    const alone = going([row(2), row(3)], { suspects });
    expect(alone).toMatchObject({ isAlone: true, step: { position: 2n, isEnd: false } });
    expect(alone.events).toHaveLength(1);
  });

  test("what was refused alone, and what a policy forbids, is passed and counted as failed, with the reason", () => {
    const givenUp = new Map([[1n, "too large"]]);
    const { step, events } = going([row(1), row(2, "replay", "refuses"), row(3)], { givenUp });
    expect(events.map(({ eventId }) => eventId)).toEqual(["e3"]);
    expect(step.counts).toMatchObject({ failed: 2, replayed: 1 });
    expect(step.lastError).toMatch(/allows no replay/);
  });

  test("a dead letter that its lane stands before is left to the lane, and dead no more", () => {
    const isHeld = ({ seq }: OutboxEvent): boolean => seq === 1n;
    const { step, events, released } = going([row(1, "redrive"), row(2, "redrive")], { isHeld });
    expect(events.map(({ eventId }) => eventId)).toEqual(["e2"]);
    expect(released.map(({ eventId }) => eventId)).toEqual(["e1"]);
    expect(step).toMatchObject({ redriven: [2n, 1n], counts: { redriven: 2 } });
  });

  test.each(["redrive", "discard"] as const)("a dead letter that is ruled on already is passed: %s", (act) => {
    const ruledOn = new Set([1n]);
    for (const isHeld of [() => true, () => false]) {
      const { step, events, released } = going([row(1, act)], { ruledOn, isHeld });
      expect([...events, ...released]).toEqual([]);
      expect(step).toMatchObject({ isEnd: true, redriven: [], discarded: [], counts: JOB.counts });
    }
  });
});
