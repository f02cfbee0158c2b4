import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Advance } from "../ports/store.js";
import { tallyOf } from "../verify/tally.js";
import { canWait, joinAdvances } from "./join-advances.js";

const NOTHING: Advance = {
  cursor: {
    form: "plain",
    position: 1n,
    snapshot: { xmin: 1n, xmax: 1n, inProgress: [] },
    nextXid: null,
  },
  dead: [],
  published: [],
  lines: null,
  job: null,
};
const filter = { tenantId: "acme", topic: null, key: null, seq: null };
const quotasOf = (tenantId: string) => ({
  states: new Map([[tenantId, { events: 1n, bytes: 1n }]]),
  judgedNs: 1n,
  isWhole: true,
});

describe("what can wait", () => {
  test("is a cursor with what was published, and quotas", () => {
    expect(canWait(NOTHING)).toBe(true);
    expect(canWait({ ...NOTHING, lines: { changed: [], dropped: [], quotas: quotasOf("acme") } })).toBe(true);
  });

  test.each<[string, Partial<Advance>]>([
    ["a dead letter", { dead: [{ seq: 1n, attempts: 5, lastError: "too large", fingerprint: "f", retryInMs: 0 }] }],
    ["a lane that goes", { lines: { changed: [], dropped: [filter], quotas: null } }],
  ])("is not %s", (_what, part) => {
    expect(canWait({ ...NOTHING, ...part })).toBe(false);
  });
});

describe("two advances in one", () => {
  test("count what one over both their batches would", () => {
    const events = fc.array(fc.record({ topic: fc.constantFrom("a", "b", "c"), eventId: fc.uuid() }));
    fc.assert(
      fc.property(events, events, (first, second) => {
        const joined = joinAdvances(
          { ...NOTHING, published: tallyOf(first) },
          { ...NOTHING, published: tallyOf(second) },
        );
        const byTopic = (a: { topic: string }, b: { topic: string }) => a.topic.localeCompare(b.topic);
        expect([...joined.published].sort(byTopic)).toEqual(tallyOf(first, second).sort(byTopic));
      }),
    );
  });

  test("lead where the later one leads, with its dead letters, lanes and job", () => {
    const cursor = { ...NOTHING.cursor, position: 2n };
    const dead = [{ seq: 2n, attempts: 5, lastError: "too large", fingerprint: "f", retryInMs: 0 }];
    const lines = { changed: [], dropped: [filter], quotas: null };
    expect(joinAdvances(NOTHING, { ...NOTHING, cursor, dead, lines })).toEqual({ ...NOTHING, cursor, dead, lines });
  });

  test("keep the earlier one's quotas where the later one writes none, and else the later one's", () => {
    const withQuotas = (tenantId: string): Advance => ({
      ...NOTHING,
      lines: { changed: [], dropped: [], quotas: quotasOf(tenantId) },
    });
    expect(joinAdvances(withQuotas("acme"), NOTHING).lines?.quotas).toEqual(quotasOf("acme"));
    expect(joinAdvances(withQuotas("acme"), withQuotas("bolt")).lines?.quotas).toEqual(quotasOf("bolt"));
  });
});
