import { SidingError } from "@siding/core/errors.js";
import { defaultFields, policySet, settlePolicy } from "@siding/core/policy/settle-policy.js";
import type pg from "pg";
import { type TextRow, withAdminSession } from "./admin-session.js";
import { statementsOn } from "./admin-statements.js";
import type { Author } from "./author.js";
import { asStoreError } from "./connection.js";
import { checkFilter, type EventFilter } from "./event-filter.js";
import { readBookOn } from "./policy-book.js";
import { type Statement, statement } from "./sql-file.js";

export const JOB_KINDS = ["replay", "redrive", "discard"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** What an operator asks for. */
export interface JobRequest {
  readonly kind: JobKind;
  readonly filter: Omit<EventFilter, "eventId"> & { readonly eventIds?: readonly string[] | undefined };
  /** At most so many events a second, over all shards; null: as fast as live traffic lets it. */
  readonly eventsPerSecond: number | null;
  readonly author: Author;
}

export interface SampleEvent {
  readonly act: string;
  readonly eventId: string;
  readonly tenantId: string;
  readonly topic: string;
  readonly key: string | null;
  readonly createdAt: string;
}

export interface OtherJob {
  readonly jobId: string;
  readonly kind: string;
  readonly actor: string;
  readonly reason: string;
}

/** What a request comes to. */
export interface JobOffer {
  /** Null: nothing was laid down. */
  readonly jobId: string | null;
  /** Events that are published, or ruled on. */
  readonly asked: number;
  /** Events that lanes hold: they go by themselves, and those that are tried again do so at once. */
  readonly waiting: number;
  readonly sample: readonly SampleEvent[];
  /** Open jobs over the same events, as far as the asker may see them. */
  readonly overlaps: readonly OtherJob[];
}

export interface JobView {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly state: "running" | "done" | "cancelled";
  /** Every filter that was given, by its name. */
  readonly filter: Readonly<Record<string, string>>;
  readonly eventsPerSecond: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly cancelledBy: string | null;
  readonly cancelReason: string | null;
  readonly asked: number;
  readonly askedWaiting: number;
  readonly replayed: number;
  readonly redriven: number;
  readonly discarded: number;
  readonly waiting: number;
  readonly failed: number;
  readonly lastError: string | null;
}

const SQL = {
  create: statement("job-create"),
  createShards: statement("job-create-shards"),
  createLanes: statement("job-create-lanes"),
  count: statement("job-count"),
  prune: statement("job-prune"),
  sample: statement("job-sample"),
  overlaps: statement("job-overlaps"),
  list: statement("job-list"),
  cancel: statement("job-cancel"),
};

const SAMPLE_EVENTS = 5;
const IDS_MAX = 10_000;
/** Counting reads along an index all that the filter leaves. */
const STATEMENT_TIMEOUT_MS = 120_000;

/** Opens a desk on a connection of an operator's command for `use`, and closes it. @throws SIDING_STORE_*, SIDING_SCHEMA_* */
export async function withJobDesk<T>(databaseUrl: string, use: (desk: JobDesk) => Promise<T>): Promise<T> {
  const settings = `set statement_timeout = ${STATEMENT_TIMEOUT_MS}; set timezone = 'UTC'; set jit = off`;
  return withAdminSession({ databaseUrl, name: "siding-jobs", settings }, (client, where) =>
    use(new JobDesk(client, where, null)),
  );
}

/** Where an operator asks for replays, redrives and discards. Each change is in the audit, in its own transaction. */
export class JobDesk {
  readonly #client: pg.ClientBase;
  readonly #where: string;
  readonly #tenants: readonly string[] | null;

  /**
   * @param client in the role siding_admin, and whoever made it ends it
   * @param tenants whose jobs an offer may name; null: everybody's
   */
  constructor(client: pg.ClientBase, where: string, tenants: readonly string[] | null) {
    this.#client = client;
    this.#where = where;
    this.#tenants = tenants;
  }

  /**
   * What the request would come to. The job is made, counted and taken back, so a dry run counts as the job itself does.
   * @throws SIDING_USAGE for a filter that no event can match, SIDING_REPLAY_OFF, SIDING_STORE_*
   */
  preview(request: JobRequest): Promise<JobOffer> {
    return this.#make(request, "rollback");
  }

  /**
   * Lays the job down: relays find it within a second. Where it asks for nothing, nothing is laid down.
   * @param asker aborted: nobody waits for the answer any more, and nothing is laid down
   * @throws the reason why it is aborted
   */
  create(request: JobRequest, asker?: AbortSignal): Promise<JobOffer> {
    return this.#make(request, "commit", asker);
  }

  /** Jobs, newest first. */
  async list({
    tenantId,
    isRunning,
    limit,
  }: {
    readonly tenantId?: string | undefined;
    readonly isRunning: boolean;
    readonly limit: number;
  }): Promise<readonly JobView[]> {
    return (await this.#run(SQL.list, [null, tenantId ?? null, isRunning, limit])).map(parseView);
  }

  /** Null: there is none of that id. */
  async find(jobId: string): Promise<JobView | null> {
    const [row] = isJobId(jobId) ? await this.#run(SQL.list, [jobId, null, false, 1]) : [];
    return row === undefined ? null : parseView(row);
  }

  /** @throws SIDING_JOB_UNKNOWN */
  async show(jobId: string): Promise<JobView> {
    const job = await this.find(jobId);
    if (job === null) throw unknownJob(jobId);
    return job;
  }

  /**
   * Ends a job that is still running; what it has published stands. Relays stop within a second.
   * @returns whether it was running
   * @throws SIDING_JOB_UNKNOWN
   */
  async cancel(jobId: string, { actor, role, reason }: Author): Promise<boolean> {
    await this.show(jobId);
    return (await this.#run(SQL.cancel, [jobId, actor, reason, role])).length > 0;
  }

  async #make(request: JobRequest, how: "commit" | "rollback", asker?: AbortSignal): Promise<JobOffer> {
    check(request);
    // One moment for bound, lanes and counts: what a batch promotes meanwhile is not in them.
    await this.#guarded(() => this.#client.query("begin isolation level repeatable read"));
    let isKept = false;
    try {
      await this.#requireAllowed(request);
      const offer = await this.#lay(request);
      // Who was told that there is no answer asks again: a job laid down all the same would publish its events twice.
      asker?.throwIfAborted();
      isKept = how === "commit" && offer.asked + offer.waiting > 0;
      return isKept ? offer : { ...offer, jobId: null };
    } finally {
      await this.#guarded(() => this.#client.query(isKept ? "commit" : "rollback"));
    }
  }

  /** A tenant that is named; of others a relay passes the events, and the job counts them as failed. */
  async #requireAllowed({ kind, filter: { tenantId } }: JobRequest): Promise<void> {
    if (kind !== "replay" || tenantId === undefined) return;
    const { book } = await this.#guarded(() => readBookOn(this.#client));
    const policies = policySet(book.policies);
    // Of the defaults only this switch is asked, and no setting speaks of it.
    const { policy, saidBy } = settlePolicy(tenantId, policies, defaultFields("none"));
    if (policy.replay) return;
    throw new SidingError("SIDING_REPLAY_OFF", `the policy ${saidBy.replay} allows no replay for tenant ${tenantId}`);
  }

  async #lay({ kind, filter, eventsPerSecond, author }: JobRequest): Promise<JobOffer> {
    const { tenantId, topic, key, dedupeKey, eventIds, status, since, until } = filter;
    const values = [kind, tenantId, topic, key, dedupeKey, eventIds, status, since, until, eventsPerSecond];
    const [row] = await this.#run(SQL.create, [
      ...values.map((value) => value ?? null),
      author.actor,
      author.reason,
      author.role,
    ]);
    const jobId = row!.job_id!;
    await this.#run(SQL.createShards, [jobId]);
    await this.#run(SQL.createLanes, [jobId]);
    const counts = await this.#run(SQL.count, [jobId]);
    const sample = await this.#run(SQL.sample, [jobId, SAMPLE_EVENTS]);
    await this.#run(SQL.prune, [jobId]);
    const overlaps = await this.#run(SQL.overlaps, [jobId, this.#tenants]);
    return {
      jobId,
      asked: counts.reduce((sum, { asked }) => sum + Number(asked), 0),
      waiting: counts.reduce((sum, { asked_waiting }) => sum + Number(asked_waiting), 0),
      sample: sample.map((event) => ({
        act: event.act!,
        eventId: event.event_id!,
        tenantId: event.tenant_id!,
        topic: event.topic!,
        key: event.key ?? null,
        createdAt: event.created_at!,
      })),
      overlaps: overlaps.map((job) => ({
        jobId: job.job_id!,
        kind: job.kind!,
        actor: job.actor!,
        reason: job.reason!,
      })),
    };
  }

  #run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    return statementsOn(this.#client, this.#where).run(sql, values);
  }

  #guarded<T>(ask: () => Promise<T>): Promise<T> {
    return asStoreError(this.#where, ask);
  }
}

/** Whether a job could have that id. */
export function isJobId(text: string): boolean {
  return UUID.test(text);
}

export function unknownJob(jobId: string): SidingError {
  return new SidingError("SIDING_JOB_UNKNOWN", `there is no job ${jobId.slice(0, 80)}`);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function check({ kind, filter, eventsPerSecond }: JobRequest): void {
  const { eventIds, ...rest } = filter;
  checkFilter(rest);
  for (const eventId of eventIds ?? []) checkFilter({ eventId });
  if ((eventIds?.length ?? 0) > IDS_MAX) {
    throw new SidingError("SIDING_USAGE", `${eventIds!.length} ids are more than ${IDS_MAX}: name a filter instead`);
  }
  if (kind !== "replay" && rest.status !== undefined && rest.status !== "dead") {
    throw new SidingError("SIDING_USAGE", `a ${kind} is about dead letters, not about ${rest.status} events`);
  }
  const isBounded = Object.values(rest).some((value) => value !== undefined) || eventIds !== undefined;
  if (kind === "replay" && !isBounded) {
    throw new SidingError("SIDING_USAGE", "a replay of everything is none: name a tenant, a topic, a time or ids");
  }
  if (eventsPerSecond !== null && !(Number.isInteger(eventsPerSecond) && eventsPerSecond > 0)) {
    throw new SidingError("SIDING_USAGE", `--rate is ${eventsPerSecond}: expected a whole number of events a second`);
  }
}

function parseView(row: TextRow): JobView {
  const filters = { tenant: row.tenant_id, topic: row.topic, key: row.key, dedupe_key: row.dedupe_key };
  const others = { ids: row.ids, status: row.status, since: row.since, until: row.until };
  const given = Object.entries({ ...filters, ...others }).filter(([, value]) => value != null);
  return {
    jobId: row.job_id!,
    kind: row.kind as JobKind,
    state: row.state as JobView["state"],
    filter: Object.fromEntries(given) as Record<string, string>,
    eventsPerSecond: row.events_per_second == null ? null : Number(row.events_per_second),
    actor: row.actor!,
    reason: row.reason!,
    createdAt: row.created_at!,
    endedAt: row.ended_at ?? null,
    cancelledBy: row.cancelled_by ?? null,
    cancelReason: row.cancel_reason ?? null,
    asked: Number(row.asked),
    askedWaiting: Number(row.asked_waiting),
    replayed: Number(row.replayed),
    redriven: Number(row.redriven),
    discarded: Number(row.discarded),
    waiting: Number(row.waiting),
    failed: Number(row.failed),
    lastError: row.last_error ?? null,
  };
}
