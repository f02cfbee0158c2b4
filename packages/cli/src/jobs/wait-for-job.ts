import type { Job } from "@siding/admin/api/job.js";
import { isSidingError } from "@siding/core/errors.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import { stopSignal } from "../stop-signal.js";
import { systemClock } from "../system-clock.js";
import type { JobKeeper } from "./job-keeper.js";
import { doneOf } from "./render-job.js";

const BAR_WIDTH = 30;

type Watched = Pick<JobKeeper, "show" | "pace">;

/**
 * Follows a job to its end, with a bar on a terminal. Exit code 1 where it was cancelled, or some events failed.
 * @param known what it was a moment ago, where somebody looked
 * @returns what it was at the last look
 */
export async function waitForJob(jobs: Watched, jobId: string, known?: Job): Promise<Job> {
  const signal = stopSignal();
  const isTerminal = process.stderr.isTTY === true;
  let job = known ?? (await look(jobs, jobId, signal));
  while (job.state === "running" && !signal.aborted) {
    if (isTerminal) process.stderr.write(`\r${bar(job)}`);
    await systemClock.sleep(jobs.pace.everyMs, signal);
    job = await look(jobs, jobId, signal);
  }
  if (isTerminal) process.stderr.write(`\r${bar(job)}\n`);
  else process.stderr.write(`job ${jobId} is ${job.state}, ${doneOf(job)} of ${job.asked}\n`);
  if (job.state === "cancelled" || job.counts.failed > 0) process.exitCode = 1;
  return job;
}

/** The job runs on whatever becomes of the question: one that may be answered later is asked again. */
async function look({ show, pace }: Watched, jobId: string, signal: AbortSignalLike): Promise<Job> {
  const untilMs = systemClock.monotonicMs() + pace.patienceMs;
  for (;;) {
    try {
      return await show(jobId);
    } catch (error) {
      const mayMend = isSidingError(error) && error.retry === "backoff";
      if (!mayMend || signal.aborted || systemClock.monotonicMs() >= untilMs) throw error;
    }
    await systemClock.sleep(pace.everyMs, signal);
  }
}

function bar(job: Job): string {
  const part = job.asked === 0 ? 1 : Math.min(1, doneOf(job) / job.asked);
  const full = Math.round(part * BAR_WIDTH);
  return `${job.kind} [${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ${doneOf(job)}/${job.asked} ${job.state}`;
}
