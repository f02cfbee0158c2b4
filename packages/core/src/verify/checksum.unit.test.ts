import fc from "fast-check";
import { expect, test } from "vitest";
import { addChecksums, Checksum } from "./checksum.js";
import { tallyOf } from "./tally.js";

function checksumOf(ids: readonly string[]): bigint {
  const sum = new Checksum();
  for (const id of ids) sum.add(id);
  return sum.value;
}

const ids = fc.array(fc.uuid(), { maxLength: 50 });

test("does not depend on the order, and adds up over parts", () => {
  fc.assert(
    fc.property(ids, ids, (a, b) => {
      const whole = checksumOf([...a, ...b]);
      expect(checksumOf([...a, ...b].reverse())).toBe(whole);
      expect(addChecksums(checksumOf(a), checksumOf(b))).toBe(whole);
    }),
  );
});

test("tells one event taken away, added, doubled or exchanged", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid(), { minLength: 3, maxLength: 50 }), (all) => {
      const [first, second, ...rest] = all as [string, string, ...string[]];
      const whole = checksumOf(all);
      expect(checksumOf(all.slice(1))).not.toBe(whole);
      expect(checksumOf([first, first, ...rest])).not.toBe(whole);
      expect(checksumOf([first, ...all])).not.toBe(whole);
      expect(checksumOf([second, second, ...rest])).not.toBe(checksumOf([first, first, ...rest]));
    }),
  );
});

test("tells ids apart that an application counts up by itself: no sum of two meets another's", () => {
  const counted = Array.from({ length: 200 }, (_, n) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`);
  const sums = new Set<bigint>();
  for (let i = 0; i < counted.length; i++) {
    for (let j = i; j < counted.length; j++) sums.add(checksumOf([counted[i]!, counted[j]!]));
  }
  expect(sums.size).toBe((200 * 201) / 2);
});

test("is what it always was: recorded sums outlive a release", () => {
  expect(checksumOf([])).toBe(0n);
  expect(checksumOf(["01a20b9c-7015-74d9-955b-425c7f4724e5"]).toString(16)).toBe("dc06a2102937f120");
});

test("a tally counts by topic, over all that a batch makes published", () => {
  const event = (topic: string, eventId: string) => ({ topic, eventId });
  const tally = tallyOf([event("a", "1"), event("b", "2")], [event("a", "3")]);
  expect(tally).toEqual([
    { topic: "a", events: 2, checksum: checksumOf(["3", "1"]) },
    { topic: "b", events: 1, checksum: checksumOf(["2"]) },
  ]);
});
