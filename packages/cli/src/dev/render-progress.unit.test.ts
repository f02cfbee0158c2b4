import { expect, test } from "vitest";
import { renderFrame, renderProgressLine } from "./render-progress.js";
import type { ProgressSnapshot } from "./run-progress.js";

const PROGRESS: ProgressSnapshot = {
  elapsedMs: 12_300,
  arrived: 4_321,
  waiting: 7,
  oldestWaitingMs: 1_250,
  rolledBack: 400,
  problems: { missing: 0, duplicated: 0, disordered: 0, unexpected: 0, malformed: 0 },
  eventsPerSecond: 351.4,
  latency: { p50Ms: 8.25, p99Ms: 131.6 },
  tenants: [
    { tenantId: "dev-acme", eventsPerSecond: 100 },
    { tenantId: "dev-with-a-very-long-name", eventsPerSecond: 1 },
  ],
};
const FRAME = { progress: PROGRESS, stage: "running, 12 s of 20 s", warnings: [], columns: 80, color: false };

test("no line of the live view is wider than the terminal, whatever is in it", () => {
  for (const columns of [40, 80, 200]) {
    const frame = renderFrame({ ...FRAME, columns, warnings: ["relay: ".padEnd(500, "x")] });
    for (const line of frame.split("\n")) expect([...line].length).toBeLessThan(columns);
  }
});

test("the live view tells rates, latency, counts, problems, tenants and warnings", () => {
  const frame = renderFrame({ ...FRAME, warnings: ["relay: shard 2 is waiting for broker"] });
  expect(frame).toContain("351 events/s   latency p50 8.3 ms, p99 132 ms");
  expect(frame).toContain("published 4321   rolled back 400   waiting 7, the oldest for 1.3 s");
  expect(frame).toContain("missing 0, duplicated 0, disordered 0, unexpected 0, malformed 0");
  expect(frame).toMatch(/dev-acme {11}100\.0\/s {2}█{40}\n/);
  expect(frame).toContain("relay: shard 2 is waiting for broker");
});

test("a line for a pipe has the same numbers, and fits one line", () => {
  const line = renderProgressLine(PROGRESS, "running");
  expect(line).toBe(
    "running 12 s, 351 events/s, published 4321, rolled back 400, waiting 7, latency p50 8.3 ms, p99 132 ms, " +
      "missing 0, duplicated 0, disordered 0, unexpected 0, malformed 0",
  );
});
