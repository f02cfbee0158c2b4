import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDurationMs } from "./duration.js";
import { parseTenantQuota } from "./tenant-quota.js";

describe("tenant quotas", () => {
  test("1000/60s is a thousand events a minute, and none is no limit", () => {
    expect(parseTenantQuota("1000/60s")).toEqual({ events: 1_000, windowMs: 60_000 });
    expect(parseTenantQuota("none")).toBe("none");
  });

  test.each([
    "",
    "1000",
    "1000/60",
    "1000/s",
    "/60s",
    "0/60s",
    "1000/0s",
    "-1/60s",
    "1.5/60s",
    "1000 / 60s",
    "NONE",
    "1000001/1ms",
  ])("%j is refused", (text) => {
    expect(parseTenantQuota(text)).toBeUndefined();
  });

  test("any whole number of events in any whole window is a quota, up to an event a nanosecond", () => {
    const events = fc.integer({ min: 1, max: 1_000_000 });
    const windowMs = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.record({ events, windowMs }), (quota) => {
        expect(parseTenantQuota(`${quota.events}/${formatDurationMs(quota.windowMs)}`)).toEqual(quota);
      }),
    );
  });
});
