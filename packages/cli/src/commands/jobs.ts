import { type JobDesk, withJobDesk } from "@siding/store-postgres/job-desk.js";
import { Command } from "commander";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { type AnswerFlags, writeAnswer } from "../inspect/print-answer.js";
import { jobDatabase } from "../jobs/job-command.js";
import { jobAnswer, jobsAnswer, renderJobTable } from "../jobs/render-job.js";
import { waitForJob } from "../jobs/wait-for-job.js";
import { LIMIT_MAX, parseLimit } from "../limit-flag.js";
import { authorHere, confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { outputOption } from "../output-option.js";

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
      await atDesk(flags, async (desk) => {
        const jobs = await desk.list({ tenantId: flags.tenant, isRunning: flags.running === true, limit: flags.limit });
        writeAnswer(jobsAnswer(jobs), flags);
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
    await atDesk(flags, async (desk) => {
      if (flags.wait === true) await waitForJob(desk, jobId);
      const job = await desk.show(jobId);
      writeAnswer(jobAnswer(job), flags);
    });
  });
}

function cancelCommand(): Command {
  const command = new Command("cancel")
    .description("end a job; what it has published stands")
    .argument("<job-id>")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why, for the record")
    .addOption(outputOption())
    .addHelpText(
      "after",
      '\nExample:\n  siding jobs cancel 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e --reason "wrong tenant"\n',
    );
  return addConfigFlags(command).action(async (jobId: string, flags: AnswerFlags & WordFlags) => {
    await atDesk(flags, async (desk) => {
      const reason = await reasonOf(flags, "a cancellation");
      requireWord(flags);
      const shown = renderJobTable(await desk.show(jobId));
      if (!(await confirm(flags, () => shown))) {
        process.stderr.write("nothing was done\n");
        process.exitCode = 1;
        return;
      }
      const wasRunning = await desk.cancel(jobId, authorHere(reason));
      const job = await desk.show(jobId);
      if (!wasRunning) {
        process.stderr.write(`job ${jobId} was ${job.state} already\n`);
        process.exitCode = 1;
      }
      writeAnswer(jobAnswer(job), flags);
    });
  });
}

async function atDesk(flags: AnswerFlags, act: (desk: JobDesk) => Promise<void>): Promise<void> {
  const { values: config } = loadConfig({ options: { ...flags }, environment: process.env, directory: process.cwd() });
  await withJobDesk(jobDatabase(config), act);
}
