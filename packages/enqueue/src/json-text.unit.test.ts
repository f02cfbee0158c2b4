import { describe, expect, test } from "vitest";
import { EnqueueError } from "./enqueue-error.js";
import { jsonText } from "./json-text.js";

function refusalOf(value: unknown): EnqueueError {
  try {
    jsonText(value, "payload");
  } catch (error) {
    expect(error).toBeInstanceOf(EnqueueError);
    return error as EnqueueError;
  }
  throw new Error("it was not refused");
}

describe("a JSON value is written as JSON.stringify writes it", () => {
  test.each([
    [null, "null"],
    ["text", '"text"'],
    [{ a: [1, { b: undefined }] }, '{"a":[1,{}]}'],
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    [[undefined, Number.NaN], "[null,null]"],
    [{ smile: "😀", backslash: "\\u0000" }, '{"smile":"😀","backslash":"\\\\u0000"}'],
  ])("%j", (value, text) => {
    expect(jsonText(value, "payload")).toBe(text);
  });
});

describe("what JSON cannot hold is named with its path", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  test.each<[unknown, string]>([
    [undefined, "payload is undefined"],
    [1n, "payload is a bigint, which JSON cannot hold"],
    [() => {}, "payload is a function, which JSON cannot hold"],
    [Symbol("s"), "payload is a symbol, which JSON cannot hold"],
    [{ items: [{ price: 1 }, { price: 2n }] }, "payload.items[1].price is a bigint"],
    [{ "odd key": { run() {} } }, 'payload["odd key"].run is a function'],
    [{ toJSON: () => ({ inner: 3n }) }, "payload.inner is a bigint"],
    [{ note: "a\0b" }, "payload.note contains the character U+0000"],
    [{ "a\0b": 1 }, "a key of payload contains the character U+0000"],
    [["\ud83d"], "payload[0] contains half of a surrogate pair"],
    [["\ude00 alone"], "payload[0] contains half of a surrogate pair"],
    [cyclic, "payload cannot be written as JSON: Converting circular structure"],
  ])("%o", (value, message) => {
    const refusal = refusalOf(value);
    expect(refusal.message).toContain(message);
    expect(refusal.code).toBe("SD001");
    expect(refusal.retry).toBe("never");
    expect(refusal.hint).toBeDefined();
  });

  test("an error of the value's own toJSON is the cause", () => {
    const own = new Error("not loaded yet");
    const refusal = refusalOf({
      toJSON() {
        throw own;
      },
    });
    expect(refusal.cause).toBe(own);
  });
});
