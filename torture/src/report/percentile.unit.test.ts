import { expect, test } from "vitest";
import { percentile } from "./percentile.js";

test("a percentile is the smallest value that so many percent do not exceed", () => {
  const twenty = Array.from({ length: 20 }, (_, i) => 20 - i);
  expect(percentile(twenty, 50)).toBe(10);
  expect(percentile(twenty, 95)).toBe(19);
  expect(percentile(twenty, 100)).toBe(20);
  expect(percentile([7], 95)).toBe(7);
});
