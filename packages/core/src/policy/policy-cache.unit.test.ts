import { describe, expect, test } from "vitest";
import type { PolicyBook } from "../ports/policy-source.js";
import { NOTHING_SAID, type Policy, type PolicySettings } from "./policy.js";
import { PolicyCache } from "./policy-cache.js";
import { defaultFields } from "./settle-policy.js";

const DEFAULTS = defaultFields("none");
const EMPTY: PolicyBook = { version: 1n, policies: [], pauses: new Map(), gates: new Map() };

function forPattern(pattern: string, settings: Partial<PolicySettings>): Policy {
  return {
    name: pattern,
    match: { kind: "pattern", pattern },
    priority: 0,
    settings: { ...NOTHING_SAID, ...settings },
  };
}
function cacheWith(book: Partial<PolicyBook>, nowMs = 1_000): PolicyCache {
  const cache = new PolicyCache(DEFAULTS);
  cache.refresh(nowMs, { ...EMPTY, ...book });
  return cache;
}

describe("policies as they were last read", () => {
  test("a new book replaces what was settled before", () => {
    const cache = cacheWith({ policies: [forPattern("*", { weight: 2 })] });
    expect(cache.of("a").weight).toBe(2);
    cache.refresh(2_000, { ...EMPTY, version: 2n, policies: [forPattern("*", { weight: 3 })] });
    expect(cache.of("a").weight).toBe(3);
    cache.refresh(3_000, null);
    expect(cache.of("a").weight).toBe(3);
  });

  test("a pause ends by Postgres' clock, without a new book", () => {
    const pause = { actor: "ada", reason: "migration", untilMs: 5_000 };
    const cache = cacheWith({ pauses: new Map([["a", pause]]) });
    expect(cache.pauseOf("a")).toEqual(pause);
    expect(cache.pauseOf("b")).toBeNull();
    cache.refresh(5_000, null);
    expect(cache.pauseOf("a")).toBeNull();
  });

  test("a tenant that a pattern caps gets a gate once it is seen, and loses it with the cap", () => {
    const cache = cacheWith({ policies: [forPattern("eu-*", { backlogMax: 10 })] });
    expect(cache.gatesAmiss().size).toBe(0);
    cache.of("eu-1");
    cache.of("us-1");
    const amiss = cache.gatesAmiss();
    expect([...amiss]).toEqual([["eu-1", { backlogMax: 10, blocked: false }]]);
    cache.gatesSet(amiss);
    expect(cache.gatesAmiss().size).toBe(0);
    cache.refresh(2_000, { ...EMPTY, version: 2n, gates: amiss });
    expect([...cache.gatesAmiss()]).toEqual([["eu-1", { backlogMax: null, blocked: false }]]);
  });

  test("a tenant that is named gets its gate before it is ever seen", () => {
    const named: Policy = { ...forPattern("x", { blocked: true }), match: { kind: "tenant", tenantId: "a" } };
    expect([
      ...cacheWith({ policies: [named] })
        .gatesAmiss()
        .keys(),
    ]).toEqual(["a"]);
  });

  test("more tenants than it keeps are settled as well", () => {
    const cache = cacheWith({ policies: [forPattern("t1", { weight: 7 })] });
    for (let n = 0; n < 30_000; n++) cache.of(`t${n}`);
    expect(cache.of("t1").weight).toBe(7);
  });
});
