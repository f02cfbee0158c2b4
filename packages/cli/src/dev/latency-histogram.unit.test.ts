import { expect, test } from "vitest";
import { LatencyHistogram } from "./latency-histogram.js";

test("quantiles are at most 4 % above the true ones, and never below them", () => {
  const histogram = new LatencyHistogram();
  for (let ms = 1; ms <= 1_000; ms++) histogram.record(ms);
  for (const [quantile, trueMs] of [
    [0.01, 10],
    [0.5, 500],
    [0.99, 990],
    [1, 1_000],
  ] as const) {
    const ms = histogram.quantileMs(quantile)!;
    expect(ms).toBeGreaterThanOrEqual(trueMs);
    expect(ms).toBeLessThan(trueMs * 1.041);
  }
});

test("nothing recorded has no quantile, and what is out of range counts in the outermost buckets", () => {
  const histogram = new LatencyHistogram();
  expect(histogram.quantileMs(0.5)).toBeNull();
  histogram.record(0);
  histogram.record(1e12);
  expect(histogram.quantileMs(0.5)).toBe(0.1);
  expect(histogram.quantileMs(1)).toBeGreaterThan(300_000);
});
