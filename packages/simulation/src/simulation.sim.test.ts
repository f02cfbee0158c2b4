import { describe, expect, test } from "vitest";
import { play } from "./run/play.js";
import { playSeeds } from "./run/play-seeds.js";
import { drawSchedule } from "./schedule/draw-schedule.js";

/** Of every commit. `npm run simulate -- --seeds N --from N` plays others, on every core. */
const SCHEDULES = 10_000;

describe("whatever happens between any two steps", () => {
  test("every event arrives once and in order, no number serves twice, one owner commits, every backlog drains", async () => {
    const { played, counts, failure } = await playSeeds(1, SCHEDULES);
    const replay = failure === null ? "" : `npm run simulate -- --seed ${failure.seed}`;
    expect(failure?.broken ?? null, replay).toBeNull();
    expect(played).toBe(SCHEDULES);
    const never = Object.keys(counts).filter((occurrence) => counts[occurrence] === 0);
    expect(never, "what no schedule went through").toEqual([]);
  }, 180_000);

  test("a seed is a run: the same story again, to the letter", async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const first = await play(drawSchedule(seed), { isTold: true });
      const second = await play(drawSchedule(seed), { isTold: true });
      expect(first.story.length).toBeGreaterThan(10);
      expect(second).toEqual(first);
    }
  });
});
