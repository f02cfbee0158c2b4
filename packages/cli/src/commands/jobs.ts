import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { type AnswerFlags, writeAnswer } from "../inspect/print-answer.js";
import { withJobKeeper } from "../jobs/job-keeper.js";
import { jobAnswer, jobsAnswer, renderJobTable } from "../jobs/render-job.js";
import { waitForJob } from "../jobs/wait-for-job.js";
import { LIMIT_MAX, parseLimit } from "../limit-flag.js";
import { confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { outputOption } from "../output-option.js";
import { printable } from "../status/plain-table.js";

const LIMIT_DEFAULT = 50;

/** `siding jobs`: replays, redrives and discards, and how far each is. */
export function jobsCommand(): Command {
  return new Command("jobs")
    .description("replays, redrives and discards: how far each is, and how to end one")
    .addHelpText("after", "\nExamples:\n  siding jobs list --running\n  siding jobs show JOB-ID --wait\n")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(cancelCommand());
}

function listCommand(): Command {
  const command = new Command("list")
    .description("list jobs, newest first")
    .option("--tenant <id>", "jobs over this tenant alone")
    .option("--running", "those that have not ended")
    .option("--limit <number>", `how many, 1 to ${LIMIT_MAX}`, parseLimit, LIMIT_DEFAULT)
    .addOption(outputOption())
    .addHelpText(
      "after",
      "\nExample:\n  siding jobs list --running -o json | jq '.jobs[] | {job_id, asked, counts}'\n",
    );
  return addConfigFlags(command).action(
    async (flags: AnswerFlags & { tenant?: string; running?: boolean; limit: number }) => {
      const { tenant, running = false, limit } = flags;
      await withJobKeeper(flags, async (jobs) => {
        const listed = await jobs.list({ ...(tenant === undefined ? {} : { tenant }), running, limit });
        writeAnswer(jobsAnswer(listed), flags);
      });
    },
  );
}

function showCommand(): Command {
  const command = new Command("show")
    .description("show one job")
    .argument("<job-id>")
    .option("--wait", "until the job has ended")
    .addOption(outputOption())
    .addHelpText("after", "\nExample:\n  siding jobs show 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e\n");
  return addConfigFlags(command).action(async (jobId: string, flags: AnswerFlags & { wait?: boolean }) => {
    await withJobKeeper(flags, async (jobs) => {
      // Asked for at once: a place that cannot be reached is said before any patience with it.
      const job = await jobs.show(jobId);
      writeAnswer(jobAnswer(flags.wait === true ? await waitForJob(jobs, jobId, job) : job), flags);
    });
  });
}

function cancelCommand(): Command {
  const command = new Command("cancel")
    .description("end a job; what it has published stands")
    .argument("<job-id>")
    .option("--dry-run", "show the job, and leave it as it is")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why, for the record")
    .addOption(outputOption())
    .addHelpText(
      "after",
      '\nExample:\n  siding jobs cancel 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e --reason "wrong tenant"\n',
    );
  return addConfigFlags(command).action(
    async (jobId: string, flags: AnswerFlags & WordFlags & { readonly dryRun?: boolean }) => {
      await withJobKeeper(flags, async (jobs) => {
        const isDryRun = flags.dryRun === true;
        const reason = isDryRun ? "" : await reasonOf(flags, "a cancellation");
        if (!isDryRun) requireWord(flags);
        const before = await jobs.show(jobId);
        if (before.state !== "running") {
          process.stderr.write(`job ${jobId} was ${before.state} already\n`);
          process.exitCode = 1;
        }
        if (isDryRun || before.state !== "running") return writeAnswer(jobAnswer(before), flags);
        if (!(await confirm(flags, jobs.where, () => renderJobTable(before)))) {
          process.stderr.write("nothing was done\n");
          process.exitCode = 1;
          return;
        }
        const { job, wasRunning } = await jobs.cancel(jobId, reason);
        if (!wasRunning) {
          const by = job.cancelled_by === null ? "" : ` by ${printable(job.cancelled_by)}`;
          process.stderr.write(`job ${jobId} was ${job.state}${by} before it could be cancelled\n`);
          process.exitCode = 1;
        }
        writeAnswer(jobAnswer(job), flags);
      });
    },
  );
}
