import type { JobAct, JobPage, JobRow, JobStep, OpenJob } from "@siding/core/job/job.js";
import type { JobLimits } from "@siding/core/ports/store.js";
import type { Row } from "./connection.js";
import { parseEvent } from "./page-rows.js";

/** Columns of read-job-page.sql behind the event's own. */
const ACT = 12;
const ATTEMPTS = 13;

/** A row of read-jobs.sql. */
export function parseJob(row: Row): OpenJob {
  const [jobId, eventsPerSecond, position, replayed, redriven, discarded, waiting, failed, lastError] = row;
  return {
    jobId: jobId!,
    eventsPerSecond: eventsPerSecond == null ? null : Number(eventsPerSecond),
    position: BigInt(position!),
    counts: {
      replayed: Number(replayed),
      redriven: Number(redriven),
      discarded: Number(discarded),
      waiting: Number(waiting),
      failed: Number(failed),
    },
    lastError: lastError ?? null,
  };
}

export function jobPageValues(shard: number, job: OpenJob, limits: JobLimits): unknown[] {
  return [shard, job.jobId, String(job.position), limits.look, limits.events, limits.bytes];
}

/** The page out of its rows; the first one says how far the look went and what it found. */
export function parseJobPage([head, ...rows]: readonly Row[], job: OpenJob, limits: JobLimits): JobPage {
  const [, lookedUpTo, looked, asked] = head!;
  const found: JobRow[] = rows.map((row) => ({
    act: row[ACT] as JobAct,
    event: { ...parseEvent(row), attempts: row[ACT] === "redrive" ? Number(row[ATTEMPTS]) : 0 },
  }));
  // Cut by events or bytes: what was looked at behind the last row is looked at again.
  if (found.length < Number(asked)) return { rows: found, position: found.at(-1)!.event.seq, isToEnd: false };
  const isToEnd = Number(looked) < limits.look;
  return { rows: found, position: lookedUpTo == null ? job.position : BigInt(lookedUpTo), isToEnd };
}

/** What siding.lay_job is told; null: no job moves. */
export function jobValue(step: JobStep | null): string | null {
  if (step === null) return null;
  const { jobId, position, counts, lastError, isEnd, redriven, discarded } = step;
  return JSON.stringify({
    job_id: jobId,
    position: String(position),
    ...counts,
    last_error: lastError,
    is_end: isEnd,
    redriven_seqs: redriven.map(String),
    discarded_seqs: discarded.map(String),
  });
}
