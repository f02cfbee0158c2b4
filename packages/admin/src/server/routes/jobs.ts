import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import { type JobKind, type JobRequest, type JobView, unknownJob } from "@siding/store-postgres/job-desk.js";
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  DeadLettersWanted,
  Job,
  JobCancellation,
  JobCancelled,
  JobList,
  JobOffer,
  JobPath,
  JobQuery,
  ReplayWanted,
  TenantReplayWanted,
} from "../../api/job.js";
import { type Caller, tenantOf } from "../access.js";
import type { AdminRoutes } from "../admin-routes.js";
import { askerOf } from "../asker.js";
import { jobDocument, jobOfferDocument } from "../documents.js";
import { authorOf, callerOf } from "../guard.js";
import { instantOrNone } from "../instant.js";

interface Wanted {
  readonly event_ids?: readonly string[];
  readonly tenant_id?: string;
  readonly status?: "pending" | "published" | "dead";
  readonly topic?: string;
  readonly key?: string;
  readonly dedupe_key?: string;
  readonly since?: string;
  readonly until?: string;
  readonly events_per_second?: number;
  readonly dry_run?: boolean;
  readonly reason: string;
}

/** Replays, redrives and discards, and the jobs that carry them out. */
export function jobRoutes(server: AdminRoutes, { pool }: { readonly pool: AdminPool }): void {
  const operator = { access: { role: "operator", scope: "tenant" } } as const;

  server.post(
    "/admin/outbox/replay",
    {
      config: operator,
      schema: {
        tags: ["jobs"],
        summary: "Publishes events once more, by id",
        body: ReplayWanted,
        response: { 200: JobOffer },
      },
    },
    (request, reply) => ask("replay", request.body, request, reply),
  );

  server.post(
    "/admin/outbox/replay/tenant",
    {
      config: operator,
      schema: {
        tags: ["jobs"],
        summary: "Publishes events of a tenant once more",
        body: TenantReplayWanted,
        response: { 200: JobOffer },
      },
    },
    (request, reply) => ask("replay", request.body, request, reply),
  );

  for (const [kind, summary] of [
    ["redrive", "Publishes dead letters, once their cause is gone"],
    ["discard", "Rules that dead letters are not to be published"],
  ] as const) {
    server.post(
      `/admin/dead-letters/${kind}`,
      {
        config: operator,
        schema: { tags: ["jobs"], summary, body: DeadLettersWanted, response: { 200: JobOffer } },
      },
      (request, reply) => ask(kind, request.body, request, reply),
    );
  }

  server.get(
    "/admin/jobs",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: { tags: ["jobs"], summary: "Jobs, newest first", querystring: JobQuery, response: { 200: JobList } },
    },
    async (request): Promise<JobList> => {
      const { tenant, running = false, limit } = request.query;
      const caller = callerOf(request);
      const tenantId = tenantOf(caller, tenant);
      const jobs = await pool.atJobDesk(caller.tenants, (desk) => desk.list({ tenantId, isRunning: running, limit }));
      return { jobs: jobs.map(jobDocument) };
    },
  );

  server.get(
    "/admin/jobs/:job_id",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: { tags: ["jobs"], summary: "One job", params: JobPath, response: { 200: Job } },
    },
    async (request): Promise<Job> => {
      const { job_id: jobId } = request.params;
      const caller = callerOf(request);
      return jobDocument(ownJob(caller, jobId, await pool.atJobDesk(caller.tenants, (desk) => desk.find(jobId))));
    },
  );

  server.delete(
    "/admin/jobs/:job_id",
    {
      config: operator,
      schema: {
        tags: ["jobs"],
        summary: "Ends a job; what it has published stands",
        params: JobPath,
        querystring: JobCancellation,
        response: { 200: JobCancelled },
      },
    },
    async (request): Promise<JobCancelled> => {
      const { job_id: jobId } = request.params;
      const caller = callerOf(request);
      ownJob(caller, jobId, await pool.atJobDesk(caller.tenants, (desk) => desk.find(jobId)));
      return pool.atJobDesk(caller.tenants, async (desk) => {
        const wasRunning = await desk.cancel(jobId, authorOf(request, request.query.reason));
        return { ...jobDocument(await desk.show(jobId)), was_running: wasRunning };
      });
    },
  );

  async function ask(kind: JobKind, wanted: Wanted, request: FastifyRequest, reply: FastifyReply): Promise<JobOffer> {
    const { event_ids: eventIds, status, topic, key, dedupe_key: dedupeKey, reason } = wanted;
    const asker = askerOf(reply);
    const caller = callerOf(request);
    const job: JobRequest = {
      kind,
      filter: {
        eventIds,
        // The tenant comes from the token, whatever the body names.
        tenantId: tenantOf(caller, wanted.tenant_id),
        status,
        topic,
        key,
        dedupeKey,
        since: instantOrNone("since", wanted.since),
        until: instantOrNone("until", wanted.until),
      },
      eventsPerSecond: wanted.events_per_second ?? null,
      author: authorOf(request, reason),
    };
    const offer = await pool.atJobDesk(caller.tenants, (desk) =>
      wanted.dry_run === true ? desk.preview(job) : desk.create(job, asker),
    );
    return jobOfferDocument(kind, offer);
  }
}

/** @throws SIDING_JOB_UNKNOWN for a job that is not there, or is not this caller's to see */
function ownJob({ tenants }: Caller, jobId: string, job: JobView | null): JobView {
  const isOwn = job !== null && (tenants === null || tenants.includes(job.filter.tenant ?? ""));
  if (isOwn) return job;
  throw unknownJob(jobId);
}
