import type { Job, JobList, JobOffer } from "@siding/admin/api/job.js";
import type { AdminClient } from "@siding/admin/client/admin-client.js";
import { jobDocument, jobOfferDocument } from "@siding/admin/server/documents.js";
import { isSidingError, SidingError } from "@siding/core/errors.js";
import type { EventFilter } from "@siding/store-postgres/event-filter.js";
import { isJobId, type JobDesk, type JobKind, unknownJob, withJobDesk } from "@siding/store-postgres/job-desk.js";
import { authorHere } from "../operator-word.js";
import { loadTarget } from "../target.js";

/** What is asked for; who asks is known where it is laid down. */
export interface JobWish {
  readonly kind: JobKind;
  readonly filter: Omit<EventFilter, "eventId"> & { readonly eventIds?: readonly string[] | undefined };
  readonly eventsPerSecond: number | null;
  readonly reason: string;
}

/** How whoever waits for a job looks at it. */
export interface LookPace {
  readonly everyMs: number;
  /** For how long to go on asking where nothing answers, or says to come back. */
  readonly patienceMs: number;
}

/** A connection that broke stays broken. */
const LOCAL_PACE = { everyMs: 250, patienceMs: 0 };
/** A tenth of the requests that a token has; and beyond the minute for which it may have used them up. */
const REMOTE_PACE = { everyMs: 1_000, patienceMs: 90_000 };

/** Where jobs are laid down, asked directly or through an admin API: answers are the same to the letter. */
export interface JobKeeper {
  /** Named where an operator is asked. */
  readonly where: string;
  readonly pace: LookPace;
  /** Counts and samples, and changes nothing. @throws SIDING_USAGE, SIDING_REPLAY_OFF */
  preview(wish: JobWish): Promise<JobOffer>;
  /** @throws SIDING_API_UNREACHABLE where nobody knows whether it was laid down */
  create(wish: JobWish): Promise<JobOffer>;
  /** Newest first. */
  list(query: { readonly tenant?: string; readonly running: boolean; readonly limit: number }): Promise<JobList>;
  /** @throws SIDING_JOB_UNKNOWN */
  show(jobId: string): Promise<Job>;
  /** What the job is then; one that had ended stays as it was. @throws SIDING_JOB_UNKNOWN */
  cancel(jobId: string, reason: string): Promise<{ readonly job: Job; readonly wasRunning: boolean }>;
}

/** Lets `act` at the jobs that the flags lead to. */
export async function withJobKeeper<T>(flags: object, act: (jobs: JobKeeper) => Promise<T>): Promise<T> {
  const target = loadTarget(flags);
  if (target.kind === "api") return act(remoteJobs(target.api, target.where));
  return withJobDesk(target.databaseUrl, (desk) => act(localJobs(desk, target.where)));
}

function localJobs(desk: JobDesk, where: string): JobKeeper {
  const requestOf = ({ reason, ...asked }: JobWish) => ({ ...asked, author: authorHere(reason) });
  return {
    where,
    pace: LOCAL_PACE,
    preview: async (wish) => jobOfferDocument(wish.kind, await desk.preview(requestOf(wish))),
    create: async (wish) => jobOfferDocument(wish.kind, await desk.create(requestOf(wish))),
    list: async ({ tenant, running, limit }) => {
      const jobs = await desk.list({ tenantId: tenant, isRunning: running, limit });
      return { jobs: jobs.map(jobDocument) };
    },
    show: async (jobId) => jobDocument(await desk.show(jobId)),
    cancel: async (jobId, reason) => {
      const wasRunning = await desk.cancel(jobId, authorHere(reason));
      return { job: jobDocument(await desk.show(jobId)), wasRunning };
    },
  };
}

function remoteJobs(api: AdminClient, where: string): JobKeeper {
  return {
    where,
    pace: REMOTE_PACE,
    preview: (wish) => ask(api, wish, true),
    create: (wish) => ask(api, wish, false).catch(sayUnknown),
    list: (query) => api.jobs(query),
    show: async (jobId) => api.job(possible(jobId)),
    cancel: async (jobId, reason) => {
      const { was_running: wasRunning, ...job } = await api.cancelJob(possible(jobId), reason);
      return { job, wasRunning };
    },
  };
}

/** The API would refuse its form; whoever asks wants to know that there is no such job. @throws SIDING_JOB_UNKNOWN */
function possible(jobId: string): string {
  if (isJobId(jobId)) return jobId;
  throw unknownJob(jobId);
}

function ask(api: AdminClient, { kind, filter, eventsPerSecond, reason }: JobWish, dryRun: boolean): Promise<JobOffer> {
  const { eventIds, tenantId, status, topic, key, dedupeKey, since, until } = filter;
  const how = { ...(eventsPerSecond === null ? {} : { events_per_second: eventsPerSecond }), dry_run: dryRun, reason };
  const tenant = given({ tenant_id: tenantId });
  const which = given({ topic, key, dedupe_key: dedupeKey, since, until });
  if (kind !== "replay") {
    return api[kind]({ ...given({ event_ids: eventIds && [...eventIds] }), ...tenant, ...which, ...how });
  }
  if (eventIds === undefined) {
    if (tenantId === undefined) throw new SidingError("SIDING_USAGE", `${REPLAY_ROUTES}: give --tenant or --id`);
    return api.replayTenant({ tenant_id: tenantId, ...given({ status }), ...which, ...how });
  }
  if (status !== undefined || Object.keys(which).length > 0) {
    throw new SidingError("SIDING_USAGE", `${REPLAY_ROUTES}: beside --id give --tenant at most`);
  }
  return api.replay({ event_ids: [...eventIds], ...tenant, ...how });
}

/** Laid down twice, a job publishes its events twice. */
function sayUnknown(error: unknown): never {
  if (!isSidingError(error) || error.code !== "SIDING_API_UNREACHABLE") throw error;
  const look = "the job may have been laid down all the same: look at `siding jobs list` before you ask again";
  throw new SidingError(error.code, `${error.message.replace(/\.$/, "")}; ${look}`, { cause: error });
}

const REPLAY_ROUTES = "an admin API replays events of a tenant, or by id";

/** Without what was not given: an API refuses what it is told and does not know. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
