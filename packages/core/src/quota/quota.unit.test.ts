import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedAtNs, type Limit, paid, roomLeft, UNUSED, usedShare } from "./limit.js";
import { accounted, askQuota, NOTHING_USED, type Quota, type QuotaUse, roomOf, usedMore } from "./quota.js";

const SECOND = 1_000_000_000n;
const NOW = 1_800_000_000n * SECOND;
const A_THOUSAND_A_MINUTE: Limit = { amount: 1_000n, windowNs: 60n * SECOND, burst: 1_000n };

const limits = fc.record({
  amount: fc.bigInt({ min: 1n, max: 2_000n }),
  windowNs: fc.bigInt({ min: 2_000n, max: 100n * SECOND }),
  burst: fc.bigInt({ min: 1n, max: 500n }),
});

/** Lets through what may go at random moments, the clock being set back now and then. */
function letThrough(
  limit: Limit,
  steps: readonly { pause: number; units: number }[],
): { atNs: bigint; units: bigint }[] {
  const went: { atNs: bigint; units: bigint }[] = [];
  let state = UNUSED;
  let nowNs = NOW;
  for (const { pause, units } of steps) {
    nowNs += BigInt(Math.trunc(pause * Number(limit.windowNs)));
    const asked = BigInt(units);
    if (allowedAtNs(limit, state, asked) > nowNs) continue;
    state = paid(limit, state, nowNs, asked);
    went.push({ atNs: nowNs, units: asked });
  }
  return went;
}

describe("a limit", () => {
  test("no window that slides ever holds more than the limit and the burst", () => {
    const steps = fc.array(fc.record({ pause: fc.double({ min: 0, max: 0.7, noNaN: true }), units: fc.nat(40) }), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(limits, steps, (limit, list) => {
        const fitting = list.filter(({ units }) => BigInt(units) <= limit.burst);
        const went = letThrough(limit, fitting);
        for (const first of went) {
          const inWindow = went.filter(({ atNs }) => atNs >= first.atNs && atNs < first.atNs + limit.windowNs);
          const sum = inWindow.reduce((total, { units }) => total + units, 0n);
          expect(sum).toBeLessThanOrEqual(limit.amount + limit.burst);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("gives all that it promises: the burst at once, and then its pace", () => {
    let state = UNUSED;
    for (let i = 0; i < 1_000; i++) {
      expect(allowedAtNs(A_THOUSAND_A_MINUTE, state, 1n)).toBeLessThanOrEqual(NOW);
      state = paid(A_THOUSAND_A_MINUTE, state, NOW, 1n);
    }
    expect(roomLeft(A_THOUSAND_A_MINUTE, state, NOW)).toBe(0n);
    expect(allowedAtNs(A_THOUSAND_A_MINUTE, state, 1n)).toBe(NOW + (60n * SECOND) / 1_000n);
    expect(roomLeft(A_THOUSAND_A_MINUTE, state, NOW + 30n * SECOND)).toBe(500n);
    expect(roomLeft(A_THOUSAND_A_MINUTE, state, NOW + 600n * SECOND)).toBe(1_000n);
  });

  test("room and the moment at which something may go agree", () => {
    const moments = fc.bigInt({ min: 0n, max: 200n * SECOND });
    fc.assert(
      fc.property(limits, fc.nat(500), moments, (limit, used, later) => {
        const state = paid(limit, UNUSED, NOW, BigInt(used));
        const nowNs = NOW + later;
        const room = roomLeft(limit, state, nowNs);
        if (room > 0n) expect(allowedAtNs(limit, state, room)).toBeLessThanOrEqual(nowNs);
        if (room < limit.burst) expect(allowedAtNs(limit, state, room + 1n)).toBeGreaterThan(nowNs);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a clock that is set back gives nothing", () => {
    const state = paid(A_THOUSAND_A_MINUTE, UNUSED, NOW, 1_000n);
    expect(roomLeft(A_THOUSAND_A_MINUTE, state, NOW - 3_600n * SECOND)).toBe(0n);
    expect(paid(A_THOUSAND_A_MINUTE, state, NOW - 3_600n * SECOND, 1n)).toBeGreaterThan(state);
  });

  test("what is larger than the burst goes when nothing is owed, and is paid for in full", () => {
    const limit: Limit = { amount: 100n, windowNs: SECOND, burst: 100n };
    expect(allowedAtNs(limit, UNUSED, 1_000n)).toBeLessThanOrEqual(NOW);
    const state = paid(limit, UNUSED, NOW, 1_000n);
    expect(usedShare(limit, state, NOW)).toBe(10);
    expect(allowedAtNs(limit, state, 1n)).toBeGreaterThan(NOW + 9n * SECOND);
    expect(allowedAtNs(limit, state, 1_000n)).toBe(NOW + 10n * SECOND);
  });

  test("many small units cost no less than one sum of them", () => {
    fc.assert(
      fc.property(limits, fc.array(fc.nat(9), { maxLength: 50 }), (limit, parts) => {
        const one = paid(limit, UNUSED, NOW, BigInt(parts.reduce((sum, part) => sum + part, 0)));
        const many = parts.reduce((state, part) => paid(limit, state, NOW, BigInt(part)), UNUSED);
        if (parts.length > 0) expect(many).toBeGreaterThanOrEqual(one);
      }),
    );
  });
});

describe("a quota", () => {
  const bytes: Limit = { amount: 1_000n, windowNs: 10n * SECOND, burst: 1_000n };
  const both: Quota = { events: { amount: 10n, windowNs: 10n * SECOND, burst: 10n }, bytes, mode: "enforce" };

  test("has room for as many events as it then lets go, and for any number where it holds nothing back", () => {
    let state = NOTHING_USED;
    for (let left = 10; left >= 0; left--) {
      expect(roomOf(both, state, NOW)).toEqual({ events: left, bytes: 900 + left * 10 });
      const asked = askQuota(both, state, NOW, 10);
      expect(asked.kind).toBe(left > 0 ? "go" : "wait");
      if (asked.kind === "go") state = asked.state;
    }
    const everything = { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    expect(roomOf({ ...both, mode: "observe" }, state, NOW)).toEqual(everything);
    expect(roomOf(null, state, NOW)).toEqual(everything);
  });

  test("stops at whichever limit is reached first and says when it moves again", () => {
    const first = askQuota(both, NOTHING_USED, NOW, 900);
    expect(first.kind).toBe("go");
    if (first.kind !== "go") return;
    expect(askQuota(both, first.state, NOW, 200)).toEqual({ kind: "wait", limit: "bytes", resumeAtNs: NOW + SECOND });
    expect(askQuota(both, first.state, NOW + SECOND, 200).kind).toBe("go");
  });

  test("that only observes holds nothing back and uses nothing for what it would have held", () => {
    let state = NOTHING_USED;
    let wouldWait = 0;
    for (let i = 0; i < 25; i++) {
      const verdict = askQuota({ ...both, mode: "observe" }, state, NOW, 1);
      expect(verdict.kind).not.toBe("wait");
      if (verdict.kind === "go") state = verdict.state;
      else wouldWait += 1;
    }
    expect(wouldWait).toBe(15);
  });

  test("counted from each batch's end never lets a window of commits hold more than limit and burst, however late they are", () => {
    const delays = fc.array(
      fc.record({
        /** From the end of the batch before to the judging of this one. */
        restNs: fc.bigInt({ min: 0n, max: 30n * SECOND }),
        /** From judging to the commit, and from there to the time that is counted from. */
        onItsWayNs: fc.bigInt({ min: 0n, max: 60n * SECOND }),
        untilCountedNs: fc.bigInt({ min: 0n, max: 5n * SECOND }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(limits, delays, (limit, batches) => {
        const quota: Quota = { events: limit, bytes: null, mode: "enforce" };
        const commits: bigint[] = [];
        let state = NOTHING_USED;
        let nowNs = NOW;
        for (const { restNs, onItsWayNs, untilCountedNs } of batches) {
          nowNs += restNs;
          const before = state;
          let use: QuotaUse | undefined;
          for (let event = 0; event < 3_000; event++) {
            const verdict = askQuota(quota, state, nowNs, 1);
            if (verdict.kind !== "go") break;
            use = usedMore(quota, use, before, verdict.state, 1);
            state = verdict.state;
            commits.push(nowNs + onItsWayNs);
          }
          nowNs += onItsWayNs + untilCountedNs;
          if (use !== undefined) state = accounted(use, nowNs);
        }
        for (const [index, from] of commits.entries()) {
          const last = index + Number(limit.amount + limit.burst);
          if (last < commits.length) expect(commits[last]! - from).toBeGreaterThanOrEqual(limit.windowNs);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("without limits lets everything go and remembers nothing", () => {
    const none: Quota = { events: null, bytes: null, mode: "enforce" };
    expect(askQuota(none, NOTHING_USED, NOW, 1e9)).toEqual({ kind: "go", state: NOTHING_USED });
  });
});
