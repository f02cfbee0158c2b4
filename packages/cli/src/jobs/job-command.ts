import { SidingError } from "@siding/core/errors.js";
import {
  type JobDesk,
  type JobKind,
  type JobOffer,
  type JobRequest,
  withJobDesk,
} from "@siding/store-postgres/job-desk.js";
import { Command } from "commander";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import type { SidingConfig } from "../config/settings.js";
import { addFilterFlags, addStatusFlag, type FilterFlags, filterOf } from "../inspect/filter-flags.js";
import { authorHere, confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { outputOption } from "../output-option.js";
import { renderOffer, renderOfferJson } from "./render-job.js";
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
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    await withJobDesk(jobDatabase(config), (desk) => submit(desk, kind, flags));
  });
}

/**
 * Where jobs are laid down. Not through an admin API: one that is named must not be passed by without a word.
 * @throws SIDING_USAGE where one is named, SIDING_CONFIG_INVALID where no database is
 */
export function jobDatabase(config: SidingConfig): string {
  if (config.adminUrl === undefined) return requireSetting(config, "databaseUrl");
  throw new SidingError(
    "SIDING_USAGE",
    "jobs are asked of the database: leave --url and SIDING_ADMIN_URL out, or use the routes of the admin API",
  );
}

async function submit(desk: JobDesk, kind: JobKind, flags: JobFlags): Promise<void> {
  const isDryRun = flags.dryRun === true;
  const reason = isDryRun ? "dry run" : await reasonOf(flags, `a ${kind}`);
  if (!isDryRun) requireWord(flags);
  const { id: eventIds, ...rest } = flags;
  const { eventId: _, ...filter } = filterOf(rest);
  const request: JobRequest = {
    kind,
    filter: { ...filter, eventIds },
    eventsPerSecond: flags.rate ?? null,
    author: authorHere(reason),
  };
  if (isDryRun || flags.yes !== true) {
    const preview = await desk.preview(request);
    if (isDryRun || preview.asked + preview.waiting === 0) return print(kind, preview, flags);
    if (!(await confirm(flags, () => renderOffer(kind, preview)))) {
      process.stderr.write("nothing was done\n");
      process.exitCode = 1;
      return;
    }
  }
  const offer = await desk.create(request);
  print(kind, offer, flags);
  if (flags.wait === true && offer.jobId !== null) await waitForJob(desk, offer.jobId);
}

function print(kind: JobKind, offer: JobOffer, { output }: JobFlags): void {
  process.stdout.write(output === "json" ? renderOfferJson(kind, offer) : renderOffer(kind, offer));
}

function parseRate(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new SidingError(
    "SIDING_USAGE",
    `--rate is ${JSON.stringify(text.slice(0, 80))}: expected 1 to 9999999 events a second`,
  );
}
