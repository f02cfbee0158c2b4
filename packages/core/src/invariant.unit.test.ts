import { expect, test } from "vitest";
import { SidingError } from "./errors.js";
import { invariant } from "./invariant.js";

test("a condition that holds passes", () => {
  expect(() => invariant(1, "I0 holds")).not.toThrow();
});

test("a broken invariant is an internal error that shows its details, 64-bit numbers included", () => {
  const broken = () => invariant(false, "I3 a lane never passes", { lane: 2n ** 63n, main: 1 });
  expect(broken).toThrow(
    new SidingError("SIDING_INTERNAL", 'I3 a lane never passes: {"lane":"9223372036854775808","main":1}'),
  );
});

test("details that JSON cannot hold do not hide the invariant", () => {
  const round: Record<string, unknown> = {};
  round.self = round;
  expect(() => invariant(false, "I4 whole", round)).toThrow(/^I4 whole: /);
});

test("details are cut to a readable length", () => {
  expect(() => invariant(false, "I5", { rows: "x".repeat(10_000) })).toThrow(/^.{1,2100}…$/);
});
