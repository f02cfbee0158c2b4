import { describe, expect, test } from "vitest";
import { ERRORS, type ErrorCode, isSidingError, SidingError } from "./errors.js";

describe("errors", () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])("%s carries what its row in the table says", (code) => {
    const cause = new Error("underneath");
    const error = new SidingError(code, "what happened", { cause });
    expect(error).toMatchObject({ code, message: "what happened", ...ERRORS[code] });
    expect(error.cause).toBe(cause);
    expect(isSidingError(error)).toBe(true);
  });

  test.each(Object.entries(ERRORS))("%s says in one whole line how to mend it", (_code, { mend }) => {
    expect(mend).toMatch(/^\S[^\n]+\.$/);
  });

  test("what needs a person's word is never retried", () => {
    const halted = Object.values(ERRORS).filter(({ exit }) => exit === 4);
    expect(halted.map(({ retry }) => retry)).toEqual(halted.map(() => "never"));
  });

  test.each([undefined, null, "SIDING_INTERNAL", {}, new Error("x"), Object.create(null)])(
    "a foreign thing (%#) is not taken for a Siding error",
    (thing) => {
      expect(isSidingError(thing)).toBe(false);
    },
  );
});
