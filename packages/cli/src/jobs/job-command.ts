import type { JobOffer } from "@siding/admin/api/job.js";
import { SidingError } from "@siding/core/errors.js";
import type { JobKind } from "@siding/store-postgres/job-desk.js";
import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { addFilterFlags, addStatusFlag, type FilterFlags, filterOf } from "../inspect/filter-flags.js";
import { confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { outputOption } from "../output-option.js";
import { type JobKeeper, type JobWish, withJobKeeper } from "./job-keeper.js";
import { renderOffer } from "./render-job.js";
import { waitForJob } from "./wait-for-job.js";

interface JobFlags extends Omit<FilterFlags, "id">, WordFlags {
  readonly id?: readonly string[];
  readonly rate?: number;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly output: "table" | "json";
}

/** A command that lays a job down: `events replay`, `dead redrive`, `dead discard`. */
export function jobCommand(kind: JobKind, description: string, notes: string): Command {
  const command = addFilterFlags(new Command(kind).description(description), "several").addHelpText("after", notes);
  if (kind === "replay") addStatusFlag(command);
  if (kind !== "discard") command.option("--rate <number>", "at most so many events a second", parseRate);
  command
    .option("--dry-run", "count what it would do and show some of it, and change nothing")
    .option("--yes", "do not ask, not even where another job is over the same events")
    .option("--reason <text>", "why, for the record")
    .option("--wait", "until the job has ended; Ctrl-C ends the wait, not the job")
    .addOption(outputOption());
  return addConfigFlags(command).action(async (flags: JobFlags) => {
    await withJobKeeper(flags, (jobs) => submit(jobs, kind, flags));
  });
}

async function submit(jobs: JobKeeper, kind: JobKind, flags: JobFlags): Promise<void> {
  const isDryRun = flags.dryRun === true;
  const reason = isDryRun ? "dry run" : await reasonOf(flags, `a ${kind}`);
  if (!isDryRun) requireWord(flags);
  const { id: eventIds, ...rest } = flags;
  const { eventId: _, ...filter } = filterOf(rest);
  const wish: JobWish = {
    kind,
    filter: { ...filter, eventIds },
    eventsPerSecond: flags.rate ?? null,
    reason,
  };
  if (isDryRun || flags.yes !== true) {
    const preview = await jobs.preview(wish);
    if (isDryRun || preview.asked + preview.waiting === 0) return print(preview, flags);
    if (!(await confirm(flags, jobs.where, () => renderOffer(preview)))) {
      process.stderr.write("nothing was done\n");
      process.exitCode = 1;
      return;
    }
  }
  const offer = await jobs.create(wish);
  print(offer, flags);
  if (flags.wait === true && offer.job_id !== null) await waitForJob(jobs, offer.job_id);
}

function print(offer: JobOffer, { output }: JobFlags): void {
  process.stdout.write(output === "json" ? `${JSON.stringify(offer, null, 2)}\n` : renderOffer(offer));
}

function parseRate(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new SidingError(
    "SIDING_USAGE",
    `--rate is ${JSON.stringify(text.slice(0, 80))}: expected 1 to 9999999 events a second`,
  );
}
