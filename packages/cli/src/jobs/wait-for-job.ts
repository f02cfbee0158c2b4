import type { Job } from "@siding/admin/api/job.js";
import { stopSignal } from "../stop-signal.js";
import { systemClock } from "../system-clock.js";
import type { JobKeeper } from "./job-keeper.js";
import { doneOf } from "./render-job.js";

const LOOK_MS = 250;
const BAR_WIDTH = 30;

/** Follows a job to its end, with a bar on a terminal. Exit code 1 where it was cancelled, or some events failed. */
export async function waitForJob(jobs: JobKeeper, jobId: string): Promise<void> {
  const signal = stopSignal();
  const isTerminal = process.stderr.isTTY === true;
  let job = await jobs.show(jobId);
  while (job.state === "running" && !signal.aborted) {
    if (isTerminal) process.stderr.write(`\r${bar(job)}`);
    await systemClock.sleep(LOOK_MS, signal);
    job = await jobs.show(jobId);
  }
  if (isTerminal) process.stderr.write(`\r${bar(job)}\n`);
  else process.stderr.write(`job ${jobId} is ${job.state}, ${doneOf(job)} of ${job.asked}\n`);
  if (job.state === "cancelled" || job.counts.failed > 0) process.exitCode = 1;
}

function bar(job: Job): string {
  const part = job.asked === 0 ? 1 : Math.min(1, doneOf(job) / job.asked);
  const full = Math.round(part * BAR_WIDTH);
  return `${job.kind} [${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ${doneOf(job)}/${job.asked} ${job.state}`;
}
