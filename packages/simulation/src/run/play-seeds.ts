import { drawSchedule } from "../schedule/draw-schedule.js";
import { Coverage } from "../world/coverage.js";
import { play } from "./play.js";

export interface BrokenSeed {
  readonly seed: number;
  readonly broken: string;
}

export interface SeedsPlayed {
  readonly played: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The first seed that broke a promise; nothing was played after it. */
  readonly failure: BrokenSeed | null;
}

/** Plays the schedules of seeds one after another, up to the first that breaks a promise. */
export async function playSeeds(from: number, count: number): Promise<SeedsPlayed> {
  const coverage = new Coverage();
  for (let seed = from; seed < from + count; seed++) {
    const { broken, counts } = await play(drawSchedule(seed), { isTold: false });
    coverage.add(counts);
    if (broken !== null) {
      return { played: seed - from + 1, counts: coverage.counts(), failure: { seed, broken } };
    }
  }
  return { played: count, counts: coverage.counts(), failure: null };
}
