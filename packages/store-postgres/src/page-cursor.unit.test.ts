import { describe, expect, test } from "vitest";
import { decodePageCursor, encodePageCursor } from "./page-cursor.js";

const question = { list: "events", tenant: "acme", topic: undefined, since: "2h" };
const refused = { code: "SIDING_USAGE" };
const thrownBy = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

describe("a cursor", () => {
  test("leads back to its place, whatever order the filters come in", () => {
    const cursor = encodePageCursor(9_007_199_254_740_993n, question);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(decodePageCursor(cursor, { since: "2h", tenant: "acme", list: "events" })).toBe(9_007_199_254_740_993n);
  });

  test("stays what it is from release to release", () => {
    expect(encodePageCursor(7n, question)).toBe("eyJ2IjoxLCJiZWxvdyI6IjciLCJvZiI6IkhkMEdaWThqMkRCSiJ9");
  });

  test.each([
    ["another tenant", { ...question, tenant: "other" }],
    ["one filter more", { ...question, topic: "orders" }],
    ["one filter less", { list: "events", since: "2h" }],
    ["another list", { ...question, list: "dead" }],
  ])("is refused with %s", (_what, other) => {
    expect(thrownBy(() => decodePageCursor(encodePageCursor(7n, question), other))).toMatchObject(refused);
  });

  const json = (fields: unknown): string => Buffer.from(JSON.stringify(fields)).toString("base64url");
  test.each([
    ["nothing", ""],
    ["garbage", "abc"],
    ["characters of no base64url", "'; drop table siding.event; --"],
    ["a NUL", "\0"],
    ["a line break", "a\nb"],
    ["a very long text", "A".repeat(1_000_000)],
    ["JSON that is no object", json(null)],
    ["a list", json([])],
    ["a later version", json({ v: 2, below: "7", of: "x" })],
    ["a seq that is none", json({ v: 1, below: "7; drop table", of: "x" })],
    ["a seq too large", json({ v: 1, below: "9".repeat(40), of: "x" })],
    ["a negative seq", json({ v: 1, below: "-1", of: "x" })],
  ])("is refused where it is %s", (_what, text) => {
    expect(thrownBy(() => decodePageCursor(text, question))).toMatchObject(refused);
  });
});
