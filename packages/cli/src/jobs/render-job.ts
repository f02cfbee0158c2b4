import { jobDocument } from "@siding/admin/server/documents.js";
import type { JobKind, JobOffer, JobView } from "@siding/store-postgres/job-desk.js";
import type { Answer, TableOptions } from "../inspect/print-answer.js";
import { plural } from "../plural.js";
import { printable, renderTable } from "../status/plain-table.js";

const DOES: Record<JobKind, string> = {
  replay: "to be published once more",
  redrive: "to be published for the first time",
  discard: "to be ruled on, without being published",
};

/** What a request comes to: before it is laid down (no job id) or after. */
export function renderOffer(kind: JobKind, { jobId, asked, waiting, sample, overlaps }: JobOffer): string {
  const lines = [`${plural(asked, "event")} ${DOES[kind]}`];
  if (waiting > 0) lines.push(`${plural(waiting, "event")} wait in lanes and go by themselves, once`);
  for (const { act, eventId, tenantId, topic, key, createdAt } of sample) {
    const named = key === null ? "" : ` key ${key}`;
    lines.push(`  ${act.padEnd(8)} ${eventId} ${tenantId} ${topic}${named} ${createdAt}`);
  }
  if (asked + waiting > sample.length && sample.length > 0) lines.push("  …");
  for (const job of overlaps) {
    lines.push(`job ${job.jobId} is over some of the same events: a ${job.kind} by ${job.actor}, ${job.reason}`);
  }
  if (jobId !== null) lines.push(`job ${jobId}`);
  return `${lines.map(printable).join("\n")}\n`;
}

export function renderOfferJson(kind: JobKind, offer: JobOffer): string {
  const sample = offer.sample.map(({ act, eventId, tenantId, topic, key, createdAt }) => ({
    act,
    event_id: eventId,
    tenant_id: tenantId,
    topic,
    key,
    created_at: createdAt,
  }));
  const overlaps = offer.overlaps.map(({ jobId, ...rest }) => ({ job_id: jobId, ...rest }));
  const { jobId, asked, waiting } = offer;
  return `${JSON.stringify({ job_id: jobId, kind, asked, waiting, sample, overlaps }, null, 2)}\n`;
}

export function jobsAnswer(jobs: readonly JobView[]): Answer {
  return {
    json: () => `${JSON.stringify({ jobs: jobs.map(jobDocument) }, null, 2)}\n`,
    table: (options) => renderJobsTable(jobs, options),
  };
}

export function jobAnswer(job: JobView): Answer {
  return {
    json: () => `${JSON.stringify(jobDocument(job), null, 2)}\n`,
    table: () => renderJobTable(job),
  };
}

function renderJobsTable(jobs: readonly JobView[], { width, color }: TableOptions): string {
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
    job.jobId,
    job.kind,
    job.state,
    `${doneOf(job)}/${job.asked}`,
    filterText(job),
    job.actor,
    job.reason,
    job.createdAt,
  ]);
  return renderTable(columns, rows, width, color);
}

export function renderJobTable(job: JobView): string {
  const { counts } = jobDocument(job);
  const ended = job.endedAt === null ? [] : [`ended      ${job.endedAt}`];
  const cancelled = job.cancelledBy === null ? [] : [`cancelled  by ${job.cancelledBy}: ${job.cancelReason ?? ""}`];
  const lines = [
    `job        ${job.jobId}`,
    `kind       ${job.kind}`,
    `state      ${job.state}`,
    `filter     ${filterText(job)}`,
    `rate       ${job.eventsPerSecond === null ? "as live traffic lets it" : `${job.eventsPerSecond} events/s`}`,
    `by         ${job.actor}: ${job.reason}`,
    `created    ${job.createdAt}`,
    ...ended,
    ...cancelled,
    `progress   ${doneOf(job)} of ${job.asked}`,
    ...Object.entries(counts).map(([name, value]) => `  ${name.padEnd(9)}${value}`),
    ...(job.lastError === null ? [] : [`last error ${job.lastError}`]),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

/** Events that the job is through with, of those that it was asked to publish or to rule on. */
export function doneOf({ replayed, redriven, discarded, failed }: JobView): number {
  return replayed + redriven + discarded + failed;
}

function filterText({ filter }: JobView): string {
  const parts = Object.entries(filter).map(([name, value]) => `${name}=${value}`);
  return parts.length === 0 ? "all" : parts.join(" ");
}
