import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { play } from "./run/play.js";
import { playInParallel } from "./run/play-in-parallel.js";
import { ProgressLine } from "./run/progress-line.js";
import { drawSchedule } from "./schedule/draw-schedule.js";
import type { Schedule } from "./schedule/schedule.js";
import { shrink } from "./schedule/shrink.js";

interface Flags {
  readonly seed?: number;
  readonly seeds: number;
  readonly from: number;
  readonly threads: number;
  readonly shrink: boolean;
  readonly schedule?: string;
  readonly keep?: string;
}

const wholeNumber = (text: string): number => {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
};

const program = new Command("simulate")
  .description("Plays the relay's own code against a simulated Postgres, Kafka and clock. Every schedule is a seed.")
  .option("--seed <n>", "play this one seed and tell its story, cut down where it breaks a promise", wholeNumber)
  .option("--seeds <n>", "play this many seeds", wholeNumber, 10_000)
  .option("--from <n>", "the first of them", wholeNumber, 1)
  .option("--threads <n>", "how many threads play", wholeNumber, availableParallelism())
  .option("--no-shrink", "do not cut a broken schedule down, nor tell its story with --seeds")
  .option("--schedule <file>", "play a kept schedule and tell its story")
  .option("--keep <file>", "write the schedule that is told to a file")
  .action(async (flags: Flags) => {
    if (flags.schedule !== undefined) process.exitCode = await tell(readSchedule(flags.schedule), flags);
    else if (flags.seed !== undefined) process.exitCode = await tell(drawSchedule(flags.seed), flags);
    else process.exitCode = await playMany(flags);
  });
await program.parseAsync();

async function playMany(flags: Flags): Promise<number> {
  const progress = new ProgressLine(flags.seeds);
  const began = performance.now();
  const result = await playInParallel({ from: flags.from, count: flags.seeds }, flags.threads, (n) => progress.show(n));
  progress.end();
  const seconds = (performance.now() - began) / 1000;
  console.log(`${result.played} schedules in ${seconds.toFixed(1)} s, ${Math.round(result.played / seconds)}/s`);
  if (result.failure === null) {
    for (const [name, count] of Object.entries(result.counts)) console.log(`${String(count).padStart(9)}  ${name}`);
    console.log("every promise was kept");
    return 0;
  }
  console.log(`seed ${result.failure.seed} broke a promise: ${result.failure.broken}`);
  if (flags.shrink) await tell(drawSchedule(result.failure.seed), flags);
  console.log(`again: npm run simulate -- --seed ${result.failure.seed}`);
  return 1;
}

async function tell(whole: Schedule, flags: Flags): Promise<number> {
  const brokenBy = async (schedule: Schedule): Promise<string | null> =>
    kindOf((await play(schedule, { isTold: false })).broken);
  const kind = await brokenBy(whole);
  const isBrokenAlike = async (schedule: Schedule): Promise<boolean> => (await brokenBy(schedule)) === kind;
  const schedule = flags.shrink && kind !== null ? await shrink(whole, isBrokenAlike) : whole;
  const { story, broken } = await play(schedule, { isTold: true });
  if (flags.keep !== undefined) writeFileSync(flags.keep, `${JSON.stringify(schedule, null, 2)}\n`);
  console.log(story.join("\n"));
  console.log(`\n${sizeOf(schedule)}${schedule === whole ? "" : `, cut down from ${sizeOf(whole)}`}`);
  console.log(broken === null ? "every promise was kept" : `a promise was broken: ${broken}`);
  return broken === null ? 0 : 1;
}

/** Which promise it was, without the events and numbers: while it is cut down, one break must not turn into another. */
function kindOf(broken: string | null): string | null {
  return broken?.replace(/\b(e\d+ ?)+/g, "E ").replace(/\d+/g, "#") ?? null;
}

function sizeOf({ faults, transactions, relays }: Schedule): string {
  const events = transactions.reduce((sum, transaction) => sum + transaction.events.length, 0);
  return `${faults.length} faults, ${transactions.length} transactions, ${events} events, ${relays.length} relays`;
}

function readSchedule(file: string): Schedule {
  return JSON.parse(readFileSync(file, "utf8"));
}
