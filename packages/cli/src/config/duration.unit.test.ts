import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDurationMs, parseDurationMs } from "./duration.js";

describe("durations", () => {
  test.each([
    ["250ms", 250],
    ["0s", 0],
    ["60s", 60_000],
    ["5m", 300_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
  ])("%s is %d ms", (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  test.each([
    "",
    "7",
    "d",
    "-1s",
    "1.5h",
    "1h30m",
    "7 d",
    " 7d",
    "7d\n",
    "7D",
    "1w",
    "0x1s",
    "1e3ms",
    "99999999999999d",
  ])("%j is refused", (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  test("what is printed reads back as the same duration", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (durationMs) => {
        expect(parseDurationMs(formatDurationMs(durationMs))).toBe(durationMs);
      }),
    );
  });

  test("no text makes anything but a whole, safe number of milliseconds or a refusal", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[-+ .0-9a-z]{0,24}$/), (text) => {
        const durationMs = parseDurationMs(text);
        expect(durationMs === undefined || (Number.isSafeInteger(durationMs) && durationMs >= 0)).toBe(true);
      }),
    );
  });
});
