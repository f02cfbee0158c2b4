import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactJson } from "./redaction.js";

const NAME = fc.constantFrom("a", "b", "c", "*", "0", "1", 'quo"te', "back\\slash", "é\n");
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(NAME, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** The same on a value that was parsed. */
function redacted(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return "[redacted]";
  if (typeof value !== "object" || value === null) return value;
  const below = (name: string) => paths.filter(([head]) => head === "*" || head === name).map((path) => path.slice(1));
  if (Array.isArray(value)) return value.map((each, i) => redacted(each, below(String(i))));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, redacted(each, below(name))]));
}

describe("what is redacted", () => {
  test("is what the paths name, and nothing else", () => {
    const path = fc.array(NAME, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(VALUE, fc.array(path, { maxLength: 4 }), fc.constantFrom(0, 2), (value, paths, indent) => {
        const redactions = paths.map((each) => ({ topic: "t", path: each }));
        const shown = redactJson(JSON.stringify(value, null, indent), redactions, "t");
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(redacted(value, paths))));
      }),
      { numRuns: 1_000 },
    );
  });

  test("leaves the rest as it was written", () => {
    const json =
      '{"n": 12345678901234567890, "card": {"number": 1, "deep": [1]}, "items": [{"iban": 1e400}, {"x": 1.10}]}';
    const redactions = [
      { topic: "*", path: ["card"] },
      { topic: "bills", path: ["items", "*", "iban"] },
      { topic: "other", path: ["n"] },
    ];
    expect(redactJson(json, redactions, "bills")).toBe(
      '{"n": 12345678901234567890, "card": "[redacted]", "items": [{"iban": "[redacted]"}, {"x": 1.10}]}',
    );
  });

  test("may lie deeper than a call stack", () => {
    const depth = 200_000;
    const json = `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    expect(redactJson(json, [{ topic: "*", path: ["*"] }], "t")).toBe('["[redacted]"]');
  });
});
