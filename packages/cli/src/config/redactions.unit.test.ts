import { expect, test } from "vitest";
import { parseRedactions } from "./redactions.js";

test("reads topics with their paths", () => {
  expect(parseRedactions("orders.created=card.number,items.*.iban;*=password")).toEqual([
    { topic: "orders.created", path: ["card", "number"] },
    { topic: "orders.created", path: ["items", "*", "iban"] },
    { topic: "*", path: ["password"] },
  ]);
});

test.each([
  "",
  "orders",
  "orders=",
  "=a",
  "orders=a..b",
  "orders=a,",
  "orders=a;",
  "or ders=a",
  "orders=a=b",
  "orders=a b",
])("refuses %j", (text) => {
  expect(parseRedactions(text)).toBeUndefined();
});
