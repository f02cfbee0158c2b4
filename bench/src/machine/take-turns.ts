import type { RunningServices } from "@siding/embedded/start-services.js";
import type { CpuUse } from "./cpu-span.js";
import { isDisturbed, untilQuiet } from "./quiet.js";

export interface Side<T> {
  readonly name: string;
  /** @param run differs from call to call, for names that must not be used twice */
  readonly measure: (run: string) => Promise<T>;
  /** What is said of a figure as soon as it is there. */
  readonly say: (figure: T) => string;
}

export interface Turn<T> {
  readonly side: string;
  readonly round: number;
  readonly disturbed: boolean;
  readonly figure: T;
}

export interface TurnsSpec {
  readonly rounds: number;
  /** How long to wait for a quiet machine before each turn; 0 takes it as it is. */
  readonly patienceSeconds: number;
  readonly say: (line: string) => void;
}

const TRIES_MAX = 3;

/**
 * Measures the sides of a comparison in turn, and in the opposite order every other round: the servers get faster as
 * they warm up, and whoever always came second would gain by it. A turn beside which others were busy is kept, marked,
 * and taken again. What it is marked by is the others' CPU time, never its figure.
 */
export async function takeTurns<T extends { readonly cpu: CpuUse }>(
  services: RunningServices,
  sides: readonly Side<T>[],
  { rounds, patienceSeconds, say }: TurnsSpec,
): Promise<readonly Turn<T>[]> {
  const stamp = Date.now().toString(36);
  const turns: Turn<T>[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const side of round % 2 === 1 ? sides : [...sides].reverse()) {
      for (let tries = 0; tries < (patienceSeconds === 0 ? 1 : TRIES_MAX); tries++) {
        await untilQuiet(services, patienceSeconds);
        const figure = await side.measure(`${stamp}-${turns.length}`);
        const disturbed = isDisturbed(figure.cpu);
        turns.push({ side: side.name, round, disturbed, figure });
        say(`  round ${round} ${side.name}: ${side.say(figure)}${disturbed ? " (others were busy beside it)" : ""}`);
        if (!disturbed) break;
      }
    }
  }
  return turns;
}

/** The figures of a side that count: the undisturbed ones, or all where there are no others. */
export function counted<T>(turns: readonly Turn<T>[], side: string): readonly T[] {
  const own = turns.filter((turn) => turn.side === side);
  const quiet = own.filter((turn) => !turn.disturbed);
  return (quiet.length > 0 ? quiet : own).map((turn) => turn.figure);
}

/** A warning for the reader, where a comparison rests on disturbed turns. */
export function disturbance<T>(turns: readonly Turn<T>[]): string {
  const sides = [...new Set(turns.map((turn) => turn.side))];
  const poor = sides.filter((side) => turns.every((turn) => turn.side !== side || turn.disturbed));
  return poor.length === 0 ? "" : `; others were busy beside every turn of ${poor.join(" and ")}: measure again`;
}
