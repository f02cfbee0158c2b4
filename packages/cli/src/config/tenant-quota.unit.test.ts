import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDurationMs } from "./duration.js";
import { parseTenantQuota } from "./tenant-quota.js";

describe("tenant quotas", () => {
  test("1000/60s is a thousand events a minute, and none is no limit", () => {
    expect(parseTenantQuota("1000/60s")).toEqual({ events: 1_000, windowMs: 60_000 });
    expect(parseTenantQuota("none")).toBe("none");
    expect(parseTenantQuota("1000000000/365d")).toEqual({ events: 1e9, windowMs: 31_536_000_000 });
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
    "1000000001/1d",
    "1000/366d",
  ])("%j is refused", (text) => {
    expect(parseTenantQuota(text)).toBeUndefined();
  });

  test("any whole number of events in any whole window up to a year is a quota, up to an event a nanosecond", () => {
    const events = fc.integer({ min: 1, max: 1_000_000 });
    const windowMs = fc.integer({ min: 1, max: 365 * 86_400_000 });
    fc.assert(
      fc.property(fc.record({ events, windowMs }), (quota) => {
        expect(parseTenantQuota(`${quota.events}/${formatDurationMs(quota.windowMs)}`)).toEqual(quota);
      }),
    );
  });
});
