import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settle } from "./settle.js";

const after = (promotedBatch: bigint, plannedBatch: bigint | null, committedBatch: bigint | null) =>
  settle({ promotedBatch, plannedBatch, committedBatch, genesisDone: true });

describe("the verdict on a shard", () => {
  test("a plan that Kafka has is promoted", () => expect(after(4n, 7n, 7n)).toEqual({ kind: "promote", batch: 7n }));
  test("a plan that Kafka does not have is discarded", () =>
    expect(after(4n, 7n, 4n)).toEqual({ kind: "discard", batch: 7n }));
  test("nothing open and both agreeing is settled", () => expect(after(4n, null, 4n)).toEqual({ kind: "settled" }));
  test("a first start is the genesis", () => {
    const verdict = settle({ promotedBatch: 0n, plannedBatch: null, committedBatch: null, genesisDone: false });
    expect(verdict).toEqual({ kind: "genesis" });
  });
  test("a genesis whose answer was lost is settled", () => {
    const verdict = settle({ promotedBatch: 0n, plannedBatch: null, committedBatch: 0n, genesisDone: false });
    expect(verdict).toEqual({ kind: "settled" });
  });
  test("an expired number that nothing hangs on is committed again", () =>
    expect(after(4n, null, null)).toEqual({ kind: "renew", batch: 4n }));
  test("an expired number with a plan open halts", () =>
    expect(after(4n, 7n, null)).toMatchObject({ kind: "halt", code: "SIDING_PROGRESS_LOST" }));
  test("a number above what Postgres planned halts: Postgres lost history", () =>
    expect(after(4n, 7n, 9n)).toMatchObject({
      kind: "halt",
      reason: expect.stringContaining("Postgres lost history"),
    }));
  test("a number below what Postgres promoted halts: Kafka lost history", () =>
    expect(after(4n, null, 3n)).toMatchObject({ kind: "halt", reason: expect.stringContaining("Kafka lost history") }));

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
