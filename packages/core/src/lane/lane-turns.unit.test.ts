import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSnapshot } from "../cursor/snapshot.js";
import { type Lane, ofTenant } from "./lane.js";
import { LaneTurns, nameOf, type Taken } from "./lane-turns.js";

const laneOf = (tenantId: string): Lane => ({
  filter: ofTenant(tenantId),
  reason: "fair-share",
  detail: "",
  resumeAtMs: 0,
  probes: 0,
  cursor: { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: null },
});

interface Backlogged {
  readonly weight: number;
  /** Sizes of its events, over and over. */
  readonly sizes: readonly number[];
}

/**
 * Bytes that each lane got over so many batches: a lane ends with the event with which it reaches its share, or with which
 * the batch is full.
 */
function play(
  lanes: readonly Backlogged[],
  setting: { budget: number; batches: number; main: number; lanesMax?: number; eventsMax?: number },
) {
  const turns = new LaneTurns();
  const due = lanes.map((_, index) => laneOf(String(index)));
  const at = lanes.map(() => 0);
  const got = lanes.map(() => 0);
  let waited = 0;
  const servedIn = lanes.map(() => 0);
  for (let batch = 1; batch <= setting.batches; batch++) {
    const turn = turns.choose({
      due,
      weightOf: (lane) => lanes[Number(lane.filter.tenantId)]!.weight,
      main: { bytes: setting.main, weight: 1 },
      budgetBytes: setting.budget,
      lanesMax: setting.lanesMax ?? 1_000,
    });
    const taken: Taken[] = [];
    let room = setting.eventsMax ?? Number.POSITIVE_INFINITY;
    for (const share of turn.lanes) {
      const index = Number(share.lane.filter.tenantId);
      const { sizes } = lanes[index]!;
      let used = 0;
      for (; used < share.bytes && room > 0; room--) used += sizes[at[index]!++ % sizes.length]!;
      got[index]! += used;
      waited = Math.max(waited, batch - servedIn[index]!);
      servedIn[index] = batch;
      taken.push({ share, used, hasMore: true, isHeld: false });
    }
    turns.took(taken, room === 0);
  }
  return { got, waited };
}

describe("turns of lanes", () => {
  test("two that always have more get bytes as their weights are, whatever their events' sizes", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 4_000, max: 100_000 }), (a, b, budget) => {
        const lanes = [
          { weight: 1, sizes: a },
          { weight: 3, sizes: b },
        ];
        const { got } = play(lanes, { budget, batches: 400, main: 0 });
        expect(got[1]! / got[0]! / 3).toBeGreaterThan(0.95);
        expect(got[1]! / got[0]! / 3).toBeLessThan(1.05);
      }),
      { numRuns: 300 },
    );
  });

  test("weights hold where batches end with their events, long before the bytes that were shared out", () => {
    const size = fc.integer({ min: 100, max: 1_000 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 5 }), (a, b, times) => {
        const lanes = [
          { weight: 1, sizes: [a] },
          { weight: 3, sizes: [b] },
        ];
        const eventsMax = 200;
        const budget = times * eventsMax * Math.max(a, b);
        const { got } = play(lanes, { budget, batches: 3_000, main: 0, eventsMax });
        expect(got[1]! / got[0]! / 3).toBeGreaterThan(0.95);
        expect(got[1]! / got[0]! / 3).toBeLessThan(1.05);
      }),
      { numRuns: 50 },
    );
  });

  test("nobody starves: with more lanes than a batch reads each has its turn, and heavy weights take none away", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (weights, lanesMax) => {
          const lanes = weights.map((weight) => ({ weight, sizes: [100] }));
          const { waited } = play(lanes, { budget: 50_000, batches: 200, main: 0, lanesMax });
          expect(waited).toBeLessThanOrEqual(2 * Math.ceil(lanes.length / lanesMax));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("what the main line does not use falls to the lanes, and it keeps its part against any number of them", () => {
    const choose = (bytes: number, lanes: number) =>
      new LaneTurns().choose({
        due: Array.from({ length: lanes }, (_, n) => laneOf(String(n))),
        weightOf: () => 1,
        main: { bytes, weight: 10 },
        budgetBytes: 1_000,
        lanesMax: 1_000,
      });
    expect(choose(0, 1)).toMatchObject({ mainBytes: 0, lanes: [{ bytes: 1_000 }] });
    expect(choose(100, 2)).toMatchObject({ mainBytes: 100, lanes: [{ bytes: 450 }, { bytes: 450 }] });
    expect(choose(10_000, 10).mainBytes).toBe(500);
    expect(choose(10_000, 0)).toEqual({ mainBytes: 1_000, lanes: [] });
  });

  test("one that the batch was too full for comes first in the next, with its part of what there was", () => {
    const turns = new LaneTurns();
    const due = [laneOf("a"), laneOf("b")];
    const choose = () =>
      turns.choose({ due, weightOf: () => 1, main: { bytes: 0, weight: 1 }, budgetBytes: 100, lanesMax: 1_000 });
    const [a, b] = choose().lanes;
    const taken: Taken[] = [
      { share: a!, used: 50, hasMore: true, isHeld: false },
      { share: b!, used: 0, hasMore: true, isHeld: false },
    ];
    turns.took(taken, true);
    const next = choose().lanes;
    expect(next.map(({ lane, bytes }) => [nameOf(lane.filter), bytes])).toEqual([
      [nameOf(ofTenant("b")), 75],
      [nameOf(ofTenant("a")), 25],
    ]);
  });

  test("one that something else held back has saved up no more than a few turns' share for when it may go", () => {
    const turns = new LaneTurns();
    const due = [laneOf("a"), laneOf("b")];
    const choose = () =>
      turns.choose({ due, weightOf: () => 1, main: { bytes: 0, weight: 1 }, budgetBytes: 100, lanesMax: 1_000 }).lanes;
    for (let batch = 0; batch < 1_000; batch++) {
      turns.took(
        choose().map((share) => {
          const isHeld = share.lane === due[0];
          return { share, used: isHeld ? 1 : share.bytes, hasMore: true, isHeld };
        }),
        false,
      );
    }
    expect(choose().find(({ lane }) => lane === due[0])!.bytes).toBeLessThan(10 * 50);
  });
});
