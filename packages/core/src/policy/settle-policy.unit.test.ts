import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NOTHING_SAID, type Policy, type PolicyMatch, type PolicySettings } from "./policy.js";
import { isGlobMatch, isMatch, placeOf } from "./policy-match.js";
import { defaultFields, policySet, settlePolicy } from "./settle-policy.js";

const DEFAULTS = defaultFields({ amount: 1000, windowMs: 60_000, burst: null });

function policy(name: string, match: PolicyMatch, settings: Partial<PolicySettings>, priority = 0): Policy {
  return { name, match, priority, settings: { ...NOTHING_SAID, ...settings } };
}
const settle = (tenantId: string, policies: readonly Policy[]) => settlePolicy(tenantId, policySet(policies), DEFAULTS);

describe("what holds for a tenant", () => {
  test("the defaults, as long as no policy speaks of it", () => {
    const { policy, admission, saidBy } = settle("acme", []);
    expect(policy).toEqual({
      quota: {
        events: { amount: 1000n, windowNs: 60_000_000_000n, burst: 1000n },
        bytes: null,
        mode: "enforce",
      },
      warnAt: 0.8,
      batchLimit: 50,
      weight: 1,
      breaker: { failures: 5, coolDownMs: 500, coolDownMaxMs: 5_000 },
      retry: "flow-first",
      replay: true,
    });
    expect(admission).toEqual({ backlogMax: null, blocked: false });
    expect(saidBy.quotaEvents).toBeNull();
  });

  test("the tenant `default` has no limits until a policy sets some", () => {
    expect(settle("default", []).policy).toMatchObject({ quota: null, batchLimit: null });
    const limited = settle("default", [
      policy(
        "tenant/default",
        { kind: "tenant", tenantId: "default" },
        { quotaEvents: { amount: 5, windowMs: 1000, burst: 9 } },
      ),
    ]);
    expect(limited.policy.quota?.events).toEqual({ amount: 5n, windowNs: 1_000_000_000n, burst: 9n });
  });

  test("each field by itself: the tenant's own word, then patterns, then percentages, then the defaults", () => {
    const { fields, saidBy } = settle("eu-acme", [
      policy("canary", { kind: "percentage", percent: 100 }, { weight: 9, warnAt: 0.1, retry: "order-first" }, 1000),
      policy("europe", { kind: "pattern", pattern: "eu-*" }, { weight: 2, warnAt: 0.5 }),
      policy("tenant/eu-acme", { kind: "tenant", tenantId: "eu-acme" }, { weight: 3 }),
      policy("tenant/other", { kind: "tenant", tenantId: "other" }, { batchLimit: 1 }),
    ]);
    expect(fields).toMatchObject({ weight: 3, warnAt: 0.5, retry: "order-first", batchLimit: 50 });
    expect(saidBy).toMatchObject({ weight: "tenant/eu-acme", warnAt: "europe", retry: "canary", batchLimit: null });
  });

  test("among patterns the higher priority, then the name", () => {
    const all: PolicyMatch = { kind: "pattern", pattern: "*" };
    expect(settle("a", [policy("a", all, { weight: 1 }), policy("b", all, { weight: 2 }, 1)]).fields.weight).toBe(2);
    expect(settle("a", [policy("b", all, { weight: 2 }), policy("a", all, { weight: 1 })]).fields.weight).toBe(1);
  });

  test("a switch that is off takes away what it switches, and `none` lifts a broader limit", () => {
    const { policy: off, admission } = settle("a", [
      policy(
        "tenant/a",
        { kind: "tenant", tenantId: "a" },
        { quota: false, fairShare: false, breaker: false, replay: false, backpressure: false },
      ),
      policy("all", { kind: "pattern", pattern: "*" }, { backlogMax: 10 }),
    ]);
    expect(off).toMatchObject({ quota: null, batchLimit: null, breaker: null, replay: false });
    expect(admission.backlogMax).toBeNull();
    const lifted = settle("a", [policy("tenant/a", { kind: "tenant", tenantId: "a" }, { quotaEvents: "none" })]);
    expect(lifted.policy.quota).toBeNull();
  });

  test("does not depend on the order in which policies are listed", () => {
    const match = fc.oneof(
      fc.constant<PolicyMatch>({ kind: "tenant", tenantId: "t" }),
      fc.constantFrom("*", "t*", "?", "x").map((pattern): PolicyMatch => ({ kind: "pattern", pattern })),
      fc.integer({ min: 0, max: 100 }).map((percent): PolicyMatch => ({ kind: "percentage", percent })),
    );
    const settings = fc.record({
      weight: fc.option(fc.integer({ min: 1, max: 9 })),
      blocked: fc.option(fc.boolean()),
    });
    const policies = fc.uniqueArray(
      fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), match, settings, fc.integer({ min: 0, max: 2 })),
      { selector: ([name]) => name, maxLength: 8 },
    );
    fc.assert(
      fc.property(policies, fc.nat(), (drawn, turn) => {
        const list = drawn.map(([name, m, s, priority]) => policy(name, m, s, priority));
        const turned = [...list.slice(turn % (list.length + 1)), ...list.slice(0, turn % (list.length + 1))];
        expect(settle("t", turned)).toEqual(settle("t", list));
      }),
    );
  });
});

describe("a percentage of tenants", () => {
  test("is stable: these places never change, or a release would move every canary", () => {
    expect(["acme", "globex", "ünï"].map((id) => placeOf("canary", id).toFixed(4))).toMatchInlineSnapshot(`
      [
        "62.0370",
        "85.7023",
        "78.2399",
      ]
    `);
  });

  test("grows by adding: who is in a smaller part is in every larger one", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (id, a, b) => {
          const within = (percent: number) => isMatch(policy("c", { kind: "percentage", percent }, {}), id);
          if (within(Math.min(a, b))) expect(within(Math.max(a, b))).toBe(true);
        },
      ),
    );
  });

  test("is nobody at 0, everybody at 100, and as large as it says, whether names are random or count up", () => {
    const share = (ids: readonly string[], percent: number) =>
      ids.filter((id) => isMatch(policy("c", { kind: "percentage", percent }, {}), id)).length / ids.length;
    const counting = Array.from({ length: 20_000 }, (_, n) => `tenant-${n}`);
    expect(share(counting, 0)).toBe(0);
    expect(share(counting, 100)).toBe(1);
    for (const percent of [1, 10, 50]) {
      expect(Math.abs(share(counting, percent) * 100 - percent)).toBeLessThan(1);
    }
  });

  test("of another policy is another part", () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `t${n}`);
    const both = ids.filter((id) => placeOf("one", id) < 10 && placeOf("two", id) < 10).length;
    expect(both).toBeGreaterThan(50);
    expect(both).toBeLessThan(160);
  });
});

describe("a pattern", () => {
  test.each([
    ["eu-*", "eu-acme", true],
    ["eu-*", "us-eu-acme", false],
    ["*-test", "a-test-test", true],
    ["a?c", "a😀c", true],
    ["a?c", "ac", false],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["a.c", "abc", false],
  ])("%j on %j: %s", (pattern, text, matches) => {
    expect(isGlobMatch(pattern, text)).toBe(matches);
  });

  test("agrees with a regular expression", () => {
    const piece = fc.stringMatching(/^[ab*?]{0,8}$/);
    fc.assert(
      fc.property(piece, fc.stringMatching(/^[ab]{0,10}$/), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(isGlobMatch(pattern, text)).toBe(expression.test(text));
      }),
    );
  });

  test("takes no longer for a pattern that is made to", () => {
    expect(isGlobMatch("*a".repeat(120), "a".repeat(255).concat("b"))).toBe(false);
  });
});
