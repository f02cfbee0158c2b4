import { describe, expect, test } from "vitest";
import { type RecordedSpan, recordedRange } from "./recorded-range.js";

const MINUTE = 60_000;
const span = (
  minute: number,
  since: string,
  upto: string,
  { isWhole = true, hasLanes = false, events = 1 } = {},
): RecordedSpan => ({
  minuteMs: minute * MINUTE,
  isWhole,
  hasLanes,
  since,
  upto,
  sums: [{ topic: "t", events, checksum: BigInt(events) }],
});
const chain = [span(10, "a", "b"), span(40, "b", "c"), span(41, "c", "d"), span(70, "d", "e")];

describe("the record's gapless range", () => {
  test("is everything that links up to the cursor", () => {
    expect(recordedRange(chain, "e", null)).toEqual({
      start: "a",
      startMs: 10 * MINUTE,
      isCovering: false,
      context: null,
      sums: [{ topic: "t", events: 4, checksum: 4n }],
    });
  });

  test("begins where no lane stood, and knows nothing where one always did", () => {
    const held = [span(10, "a", "b", { hasLanes: true }), span(40, "b", "c"), span(41, "c", "d", { hasLanes: true })];
    expect(recordedRange(held, "d", null)).toMatchObject({ start: "b", startMs: 40 * MINUTE, sums: [{ events: 2 }] });
    expect(recordedRange(held, "d", 41 * MINUTE)).toMatchObject({ start: null, isCovering: false, sums: [] });
  });

  test("begins with the minute that is asked for, and knows what lies shortly before", () => {
    const range = recordedRange(chain, "e", 41 * MINUTE + 30_000);
    expect(range).toMatchObject({ start: "c", startMs: 41 * MINUTE, isCovering: true, context: "b" });
    expect(range.sums).toMatchObject([{ events: 2 }]);
  });

  test("is empty, and covers, where nothing was published since", () => {
    expect(recordedRange(chain, "e", 100 * MINUTE)).toEqual({
      start: "e",
      startMs: null,
      isCovering: true,
      context: "e",
      sums: [],
    });
  });

  test("does not cover a time before its first minute: what was published then has no record", () => {
    expect(recordedRange(chain, "e", 5 * MINUTE)).toMatchObject({ start: "a", isCovering: false, context: null });
    // Within its first minute neither: the record may have begun in the middle of it.
    expect(recordedRange(chain, "e", 10 * MINUTE)).toMatchObject({ start: "a", isCovering: false, context: null });
  });

  test("ends at a gap between two minutes, and at one within a minute", () => {
    const gap = chain.filter(({ since }) => since !== "b");
    expect(recordedRange(gap, "e", null)).toMatchObject({ start: "c", startMs: 41 * MINUTE });
    const within = chain.map((each) => (each.since === "b" ? { ...each, isWhole: false } : each));
    expect(recordedRange(within, "e", 20 * MINUTE)).toMatchObject({ start: "c", isCovering: false, context: null });
  });

  test("is nothing where something else than a batch led to the cursor", () => {
    expect(recordedRange(chain, "recovered", null)).toMatchObject({ start: null, isCovering: false, sums: [] });
    expect(recordedRange([], "e", 0)).toMatchObject({ start: null, isCovering: false, sums: [] });
  });
});
