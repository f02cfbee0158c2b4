import type { Job, JobList, JobOffer } from "@siding/admin/api/job.js";
import type { Answer, TableOptions } from "../inspect/print-answer.js";
import { plural } from "../plural.js";
import { printable, renderTable } from "../status/plain-table.js";

const DOES: Record<Job["kind"], string> = {
  replay: "to be published once more",
  redrive: "to be published for the first time",
  discard: "to be ruled on, without being published",
};

/** What a request comes to: before it is laid down (no job id) or after. */
export function renderOffer({ job_id: jobId, kind, asked, waiting, sample, overlaps }: JobOffer): string {
  const lines = [`${plural(asked, "event")} ${DOES[kind]}`];
  if (waiting > 0) lines.push(`${plural(waiting, "event")} wait in lanes and go by themselves, once`);
  for (const event of sample) {
    const named = event.key === null ? "" : ` key ${event.key}`;
    lines.push(
      `  ${event.act.padEnd(8)} ${event.event_id} ${event.tenant_id} ${event.topic}${named} ${event.created_at}`,
    );
  }
  if (asked + waiting > sample.length && sample.length > 0) lines.push("  …");
  for (const job of overlaps) {
    lines.push(`job ${job.job_id} is over some of the same events: a ${job.kind} by ${job.actor}, ${job.reason}`);
  }
  if (jobId !== null) lines.push(`job ${jobId}`);
  return `${lines.map(printable).join("\n")}\n`;
}

export function jobsAnswer(list: JobList): Answer {
  return {
    json: () => `${JSON.stringify(list, null, 2)}\n`,
    table: (options) => renderJobsTable(list, options),
  };
}

export function jobAnswer(job: Job): Answer {
  return {
    json: () => `${JSON.stringify(job, null, 2)}\n`,
    table: () => renderJobTable(job),
  };
}

function renderJobsTable({ jobs }: JobList, { width, color }: TableOptions): string {
  if (jobs.length === 0) return "no jobs\n";
  const columns = [
    { title: "JOB" },
    { title: "KIND" },
    { title: "STATE" },
    { title: "DONE", align: "right" as const },
    { title: "FILTER", isElastic: true },
    { title: "BY", isElastic: true },
    { title: "REASON", isElastic: true },
    { title: "CREATED" },
  ];
  const rows = jobs.map((job) => [
    job.job_id,
    job.kind,
    job.state,
    `${doneOf(job)}/${job.asked}`,
    filterText(job),
    job.actor,
    job.reason,
    job.created_at,
  ]);
  return renderTable(columns, rows, width, color);
}

export function renderJobTable(job: Job): string {
  const ended = job.ended_at === null ? [] : [`ended      ${job.ended_at}`];
  const cancelled = job.cancelled_by === null ? [] : [`cancelled  by ${job.cancelled_by}: ${job.cancel_reason ?? ""}`];
  const rate = job.events_per_second;
  const lines = [
    `job        ${job.job_id}`,
    `kind       ${job.kind}`,
    `state      ${job.state}`,
    `filter     ${filterText(job)}`,
    `rate       ${rate === null ? "as live traffic lets it" : `${rate} events/s`}`,
    `by         ${job.actor}: ${job.reason}`,
    `created    ${job.created_at}`,
    ...ended,
    ...cancelled,
    `progress   ${doneOf(job)} of ${job.asked}`,
    ...Object.entries(job.counts).map(([name, value]) => `  ${name.padEnd(9)}${value}`),
    ...(job.last_error === null ? [] : [`last error ${job.last_error}`]),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** Events that the job is through with, of those that it was asked to publish or to rule on. */
export function doneOf({ counts: { replayed, redriven, discarded, failed } }: Job): number {
  return replayed + redriven + discarded + failed;
}

function filterText({ filter }: Job): string {
  const parts = Object.entries(filter).map(([name, value]) => `${name}=${value}`);
  return parts.length === 0 ? "all" : parts.join(" ");
}
