import { describe, expect, test } from "vitest";
import { DeliveryLedger, NOTHING_WRONG } from "./delivery-ledger.js";

function ledgerOf(...counts: number[]): DeliveryLedger {
  const ledger = new DeliveryLedger();
  counts.forEach((count, offset) => {
    ledger.receive({ key: "a", value: JSON.stringify({ count }), partition: 0, offset });
  });
  return ledger;
}

describe("the ledger of deliveries", () => {
  test("finds nothing wrong where each number came once and in order", () => {
    expect(ledgerOf(1, 2, 3).verdict(new Map([["a", 3]]))).toEqual({ expected: 3, ...NOTHING_WRONG });
  });
  test("names what never came, of keys that never came too", () => {
    const expected = new Map([
      ["a", 3],
      ["b", 1],
    ]);
    expect(ledgerOf(1, 3).verdict(expected).missing).toEqual(["a#2", "b#1"]);
  });
  test("names what came twice, and counts it once", () => {
    const ledger = ledgerOf(1, 2, 1);
    expect(ledger.doubled).toEqual(["a#1 at 0/2"]);
    expect(ledger.received).toBe(2);
  });
  test("names what came after a later one", () => {
    expect(ledgerOf(1, 3, 2).disordered).toEqual(["a#2 at 0/2 after #3"]);
  });
  test("names what was rolled back and came nevertheless", () => {
    expect(ledgerOf(1, 2).verdict(new Map([["a", 1]])).unexpected).toEqual(["a#2"]);
  });
});
