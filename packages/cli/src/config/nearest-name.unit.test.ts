import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.js";

const KNOWN = ["SIDING_LEASE_MS", "SIDING_BATCH_EVENTS", "SIDING_BATCH_BYTES", "SIDING_SHARDS"];

test.each([
  ["SIDING_LEESE_MS", "SIDING_LEASE_MS"],
  ["SIDING_LEASE", "SIDING_LEASE_MS"],
  ["SIDING_BATCH_BYTE", "SIDING_BATCH_BYTES"],
  ["siding_shards", "SIDING_SHARDS"],
])("%s is taken for %s", (name, nearest) => {
  expect(nearestName(name, KNOWN)).toBe(nearest);
});

test("a name that resembles nothing gets no suggestion", () => {
  expect(nearestName("PATH", KNOWN)).toBeUndefined();
});
