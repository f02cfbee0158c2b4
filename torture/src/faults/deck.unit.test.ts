import { SeededRandom } from "@siding/testkit/random.js";
import { expect, test } from "vitest";
import { Deck } from "./deck.js";

const POINTS = ["p1", "p2", "p3", "p4"];
const deck = (seed: number): Deck<string, string> =>
  new Deck({ points: POINTS, faults: ["cheap", "dear"], dear: new Set(["dear"]), random: new SeededRandom(seed) });
const dealt = (from: Deck<string, string>, count: number): string[] =>
  Array.from({ length: count }, () => from.next()).map(({ point, fault }) => `${point} ${fault}`);

test("three rounds hold every combination: a dear one once, another three times", () => {
  const counts = new Map<string, number>();
  for (const card of dealt(deck(1), 3 * POINTS.length + POINTS.length)) counts.set(card, (counts.get(card) ?? 0) + 1);
  for (const point of POINTS) {
    expect(counts.get(`${point} cheap`)).toBe(3);
    expect(counts.get(`${point} dear`)).toBe(1);
  }
});

test("a seed deals the same sequence again, and another seed another", () => {
  expect(dealt(deck(7), 20)).toEqual(dealt(deck(7), 20));
  expect(dealt(deck(7), 20)).not.toEqual(dealt(deck(8), 20));
});
