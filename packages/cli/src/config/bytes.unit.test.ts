import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatBytes, parseBytes } from "./bytes.js";

describe("bytes", () => {
  test.each([
    ["8MiB", 8_388_608],
    ["64KiB", 65_536],
    ["1MB", 1_000_000],
    ["500kB", 500_000],
    ["512B", 512],
    ["8388608", 8_388_608],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "MiB", "-1B", "1.5MiB", "8 MiB", "8mib", "8Mb", "8M", "8GiB", "8MiB\n", "99999999999999MiB"])(
    "%j is refused",
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  test("what is printed reads back as the same size", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseBytes(formatBytes(bytes))).toBe(bytes);
      }),
    );
  });

  test("no text makes anything but a whole, safe number of bytes or a refusal", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[-+ .0-9BKMik]{0,24}$/), (text) => {
        const bytes = parseBytes(text);
        expect(bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0)).toBe(true);
      }),
    );
  });
});
