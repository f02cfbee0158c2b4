import { describe, expect, test } from "vitest";
import { Distrust } from "./distrust.js";
import { WayChoice } from "./way-choice.js";

const SMALL = [1, 600] as const;
const LARGE = [5_000, 3_000_000] as const;

function calm(choice: WayChoice): void {
  for (let batch = 0; batch < 8; batch++) choice.sees(...SMALL);
}

describe("the way into Kafka's transactions", () => {
  test("is the quick one after eight small batches in a row, and not before", () => {
    const choice = new WayChoice(0, new Distrust());
    for (let batch = 0; batch < 7; batch++) choice.sees(...SMALL);
    expect(choice.isQuickDue(0)).toBe(false);
    choice.sees(...SMALL);
    expect(choice.isQuickDue(0)).toBe(true);
  });

  test.each([
    ["events", 1_001, 600],
    ["bytes", 1, 256 * 1024 + 1],
  ])("is the other one for a batch of many %s", (_what, events, bytes) => {
    const choice = new WayChoice(0, new Distrust());
    calm(choice);
    expect(choice.sees(events, bytes)).toBe(false);
    expect(choice.isBulkDue).toBe(true);
    expect(choice.isQuickDue(0)).toBe(false);
  });

  test("is kept for ten seconds, so that what came back is carried, and bursts do not make it change with each batch", () => {
    const choice = new WayChoice(0, new Distrust());
    choice.sees(...LARGE);
    choice.bulkOpens(10_000);
    expect(choice.isBulkDue).toBe(false);
    calm(choice);
    expect(choice.isQuickDue(19_999)).toBe(false);
    expect(choice.isQuickDue(20_000)).toBe(true);
  });

  test("is the other one for twice as long with each failure, in all shards, until the quick one has carried a batch", () => {
    const distrust = new Distrust();
    distrust.failed(0);
    distrust.failed(30_000);
    const another = new WayChoice(0, distrust);
    calm(another);
    expect(another.isQuickDue(89_999)).toBe(false);
    expect(another.isQuickDue(90_000)).toBe(true);
    distrust.worked();
    distrust.failed(100_000);
    expect(another.isQuickDue(130_000)).toBe(true);
  });

  test("is the other one for half a minute after the quick one failed", () => {
    const choice = new WayChoice(0, new Distrust());
    calm(choice);
    choice.quickFailed(5_000);
    expect(choice.isBulkDue).toBe(true);
    choice.bulkOpens(5_010);
    calm(choice);
    expect(choice.isQuickDue(34_999)).toBe(false);
    expect(choice.isQuickDue(35_000)).toBe(true);
  });
});
