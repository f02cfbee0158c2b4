import { expect, test } from "vitest";
import { parseSnapshot } from "../cursor/snapshot.js";
import { type Lane, type LaneReason, ofTenant } from "./lane.js";
import { LookAhead } from "./look-ahead.js";

const laneOf = (tenantId: string, reason: LaneReason = "fair-share"): Lane => ({
  filter: ofTenant(tenantId),
  reason,
  detail: "",
  resumeAtMs: 0,
  probes: 0,
  cursor: { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: null },
});

test.each([
  [1, 1],
  [1, 3],
  [1, 2.9],
])("no lane runs dry whose part of the log is %d and whose share of a batch is %d", (part, weight) => {
  const lanes = [laneOf("light"), laneOf("heavy")];
  const shares = lanes.map((lane, n) => ({ lane, bytes: n === 0 ? 1_000 : 1_000 * weight, given: 0 }));
  const ofPage = shares.reduce((sum, { bytes }) => sum + bytes, 0) / (1 + part);
  const ready = [0, 0];
  const look = new LookAhead();
  for (let batch = 0; batch < 200; batch++) {
    const { pages } = look;
    const served = shares.map((share, n) => {
      const used = Math.min(ready[n]!, share.bytes);
      ready[n]! -= used;
      return { share, used, left: ready[n] === 0 ? 0 : null };
    });
    if (batch > 5) expect(served.map(({ used }) => used)).toEqual(shares.map(({ bytes }) => bytes));
    const passed = new Map(lanes.map((lane, n) => [lane, pages * ofPage * (n === 0 ? 1 : part)]));
    for (const [n, lane] of lanes.entries()) ready[n]! += passed.get(lane)!;
    look.settle(served, passed, true);
  }
});

test("the page is a batch's again where lanes have enough, where the page is the main line's own, and for lanes that wait", () => {
  const look = new LookAhead();
  const short = (lane: Lane) => [{ share: { lane, bytes: 100, given: 100 }, used: 10, left: 0 }];
  look.settle(short(laneOf("a")), new Map(), true);
  expect(look.pages).toBe(2);
  look.settle(short(laneOf("a")), new Map(), false);
  expect(look.pages).toBe(1);
  look.settle(short(laneOf("a", "quota")), new Map(), true);
  expect(look.pages).toBe(1);
  for (let n = 0; n < 5; n++) look.settle(short(laneOf("a")), new Map(), true);
  expect(look.pages).toBe(4);
  look.settle(short(laneOf("a")), new Map([[laneOf("a"), 200]]), true);
  expect(look.pages).toBe(1);
});
