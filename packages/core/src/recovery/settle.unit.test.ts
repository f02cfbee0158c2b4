import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settle } from "./settle.js";

const after = (promotedBatch: bigint, plannedBatch: bigint | null, committedBatch: bigint | null, progressAgeMs = 0) =>
  settle({ shard: 3, promotedBatch, plannedBatch, committedBatch, progressAgeMs });
const first = { shard: 3, promotedBatch: 0n, plannedBatch: null, progressAgeMs: null };

describe("the verdict on a shard", () => {
  test("a plan that Kafka has is promoted", () => expect(after(4n, 7n, 7n)).toEqual({ kind: "promote", batch: 7n }));
  test("a plan that Kafka does not have is discarded", () =>
    expect(after(4n, 7n, 4n)).toEqual({ kind: "discard", batch: 7n }));
  test("nothing open and both agreeing is settled", () => expect(after(4n, null, 4n)).toEqual({ kind: "settled" }));
  test("a first start is the genesis", () =>
    expect(settle({ ...first, committedBatch: null })).toEqual({ kind: "genesis" }));
  test("a genesis whose answer was lost is settled", () =>
    expect(settle({ ...first, committedBatch: 0n })).toEqual({ kind: "settled" }));
  test("a number that is gone halts, however old it was: the proof that Postgres lost nothing is gone", () => {
    for (const ageMs of [0, 400 * 24 * 3_600_000]) {
      expect(after(4n, null, null, ageMs)).toMatchObject({ kind: "halt", code: "SIDING_PROGRESS_LOST" });
    }
  });
  test("a number that is gone with a plan open halts", () =>
    expect(after(4n, 7n, null)).toMatchObject({ kind: "halt", code: "SIDING_PROGRESS_LOST" }));
  test("a number above what Postgres planned halts: Postgres lost history", () =>
    expect(after(4n, 7n, 9n)).toMatchObject({
      kind: "halt",
      reason: expect.stringContaining("Postgres lost history"),
    }));
  test("a number below what Postgres promoted halts: Kafka lost history", () =>
    expect(after(4n, null, 3n)).toMatchObject({ kind: "halt", reason: expect.stringContaining("Kafka lost history") }));
  test("what halts names the shard and the command that is exact", () =>
    expect(after(4n, 7n, 9n)).toMatchObject({
      reason: expect.stringMatching(/^shard 3: .*siding recover --shard 3 --verdict scan \(exact\)/),
    }));

  test("whatever fits no common history halts", () => {
    const number = fc.bigInt({ min: 0n, max: 9n });
    fc.assert(
      fc.property(number, fc.option(number), number, (promoted, gap, committed) => {
        const planned = gap === null ? null : promoted + gap + 1n;
        fc.pre(committed !== promoted && committed !== planned);
        expect(after(promoted, planned, committed).kind).toBe("halt");
      }),
    );
  });
});
