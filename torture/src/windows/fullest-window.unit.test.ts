import { expect, test } from "vitest";
import { fullestWindow } from "./fullest-window.js";

const at = (...times: number[]) => times.map((atMs) => ({ atMs, units: 1 }));

test("the fullest window is found wherever it begins, and its end is not in it", () => {
  expect(fullestWindow(at(), 10)).toEqual({ units: 0, fromMs: 0 });
  expect(fullestWindow(at(0, 10, 20, 30), 10)).toEqual({ units: 1, fromMs: 0 });
  expect(fullestWindow(at(0, 5, 9, 10, 12, 14, 30), 10)).toEqual({ units: 5, fromMs: 5 });
  expect(fullestWindow(at(30, 12, 0), 19)).toEqual({ units: 2, fromMs: 0 });
});

test("what is counted is units", () => {
  const arrivals = [
    { atMs: 0, units: 50 },
    { atMs: 1, units: 7 },
    { atMs: 60, units: 56 },
  ];
  expect(fullestWindow(arrivals, 60)).toEqual({ units: 63, fromMs: 1 });
});
