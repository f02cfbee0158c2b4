import { describe, expect, test } from "vitest";
import { Breakers } from "./breakers.js";

const POLICY = { failures: 2, coolDownMs: 100, coolDownMaxMs: 300 };
const PLACE = { tenantId: "t", topic: "orders" };

describe("a breaker of a tenant's topic", () => {
  function opened(): Breakers {
    const breakers = new Breakers();
    for (let i = 0; i < POLICY.failures; i++) breakers.refused(PLACE, POLICY, "invalid", 1_000);
    return breakers;
  }

  test("opens after so many refusals in a row, for that tenant and topic alone", () => {
    const breakers = opened();
    expect(breakers.openAt(PLACE, 1_050)).toMatchObject({ untilMs: 1_100, probes: 0 });
    expect(breakers.openAt({ ...PLACE, tenantId: "u" }, 1_050)).toBeNull();
    expect(breakers.openAt({ ...PLACE, topic: "mails" }, 1_050)).toBeNull();
  });

  test("counts none that one published event lies between", () => {
    const breakers = new Breakers();
    breakers.refused(PLACE, POLICY, "invalid", 1_000);
    breakers.published(PLACE);
    breakers.refused(PLACE, POLICY, "invalid", 1_000);
    expect(breakers.isOpen(PLACE)).toBe(false);
  });

  test("is due for one probe after its cool-down, which doubles with each that fails, up to the most", () => {
    const breakers = opened();
    let now = 1_100;
    for (const [probes, coolDown] of [
      [1, 200],
      [2, 300],
      [3, 300],
    ] as const) {
      expect(breakers.openAt(PLACE, now)).toBeNull();
      expect(breakers.isOpen(PLACE)).toBe(true);
      breakers.refused(PLACE, POLICY, "invalid", now);
      expect(breakers.openAt(PLACE, now)).toMatchObject({ untilMs: now + coolDown, probes });
      now += coolDown;
    }
  });

  test("closes with the first event that is published", () => {
    const breakers = opened();
    breakers.published(PLACE);
    expect(breakers.isOpen(PLACE)).toBe(false);
    breakers.refused(PLACE, POLICY, "invalid", 2_000);
    expect(breakers.isOpen(PLACE)).toBe(false);
  });

  test("never opens where the policy has none", () => {
    const breakers = new Breakers();
    for (let i = 0; i < 100; i++) breakers.refused(PLACE, null, "invalid", 1_000);
    expect(breakers.isOpen(PLACE)).toBe(false);
  });
});
