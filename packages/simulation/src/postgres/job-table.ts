import { type Cursor, isConsumed } from "@siding/core/cursor/cursor.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { JobAct, JobCounts, JobPage, JobRow, JobStep, OpenJob } from "@siding/core/job/job.js";
import type { Lanes } from "@siding/core/lane/lanes.js";
import type { JobLimits } from "@siding/core/ports/store.js";
import type { JobPlan } from "../schedule/schedule.js";
import type { FailureTable, Redriven, Verdicts } from "./failure-table.js";

/** How a shard stood when a job was made. */
export interface ShardState {
  readonly madeMs: number;
  readonly cursor: Cursor;
  readonly promotedBatch: bigint;
  readonly lanes: Lanes;
}

interface StepRow extends JobStep {
  readonly batch: bigint;
}

/** siding.job_shard, and the job's rows of siding.job_progress in it. */
interface JobShard {
  readonly jobId: string;
  readonly plan: JobPlan;
  readonly shares: number;
  readonly upto: ShardState;
  steps: StepRow[];
  isEnded: boolean;
}

const NONE: JobCounts = { replayed: 0, redriven: 0, discarded: 0, waiting: 0, failed: 0 };

/** siding.job and what belongs to it. */
export class JobTable {
  readonly #shards = new Map<number, JobShard[]>();
  readonly #cancelled = new Set<string>();

  make(jobId: string, plan: JobPlan, shards: ReadonlyMap<number, ShardState>): void {
    for (const [shard, upto] of shards) {
      this.#of(shard).push({ jobId, plan, shares: shards.size, upto, steps: [], isEnded: false });
    }
  }

  cancel(jobId: string): void {
    for (const jobs of this.#shards.values()) {
      for (const job of jobs) {
        if (job.jobId !== jobId || job.isEnded) continue;
        job.isEnded = true;
        this.#cancelled.add(jobId);
      }
    }
  }

  isCancelled(jobId: string): boolean {
    return this.#cancelled.has(jobId);
  }

  get isAnyOpen(): boolean {
    return [...this.#shards.keys()].some((shard) => this.isOpenIn(shard));
  }

  isOpenIn(shard: number): boolean {
    return this.#of(shard).some(({ isEnded }) => !isEnded);
  }

  /** read-jobs.sql */
  open(shard: number, promotedBatch: bigint): OpenJob[] {
    return this.#of(shard)
      .filter(({ isEnded }) => !isEnded)
      .map(({ jobId, plan, shares, steps }) => {
        const step = steps.findLast(({ batch }) => batch <= promotedBatch);
        const rate = plan.eventsPerSecond;
        return {
          jobId,
          eventsPerSecond: rate === null ? null : rate / shares,
          position: step?.position ?? 0n,
          counts: step?.counts ?? NONE,
          lastError: step?.lastError ?? null,
        };
      });
  }

  /** read-job-page.sql */
  page(
    shard: number,
    { jobId, position }: OpenJob,
    limits: JobLimits,
    log: { readonly rows: readonly OutboxEvent[]; readonly failures: FailureTable },
  ): JobPage {
    const job = this.#of(shard).find((each) => each.jobId === jobId)!;
    const { cursor } = job.upto;
    const looked = log.rows.filter(({ seq }) => seq > position && seq <= cursor.position).slice(0, limits.look);
    const asked = looked.flatMap((event) => {
      const act = actOf(event, job.plan, job.upto, log.failures.verdicts(shard, event.seq));
      const attempts = act === "redrive" ? log.failures.deadLetter(shard, event.seq)!.attempts : 0;
      return act === null ? [] : [{ act, event: { ...event, attempts } }];
    });
    const rows: JobRow[] = [];
    let bytes = 0;
    for (const row of asked) {
      if (rows.length >= limits.events || bytes >= limits.bytes) break;
      rows.push(row);
      bytes += row.event.bytes;
    }
    if (rows.length < asked.length) return { rows, position: rows.at(-1)!.event.seq, isToEnd: false };
    return { rows, position: looked.at(-1)?.seq ?? position, isToEnd: looked.length < limits.look };
  }

  /** siding.lay_job */
  lay(shard: number, batch: bigint, step: JobStep): void {
    const job = this.#of(shard).find(({ jobId }) => jobId === step.jobId)!;
    job.steps = [...job.steps.filter((row) => row.batch !== batch), { ...step, batch }];
  }

  /** siding.promote_lines, and siding.rule_on_dead */
  promote(shard: number, batch: bigint, failures: FailureTable, by: Redriven): void {
    for (const job of this.#of(shard)) {
      const step = job.steps.find((row) => row.batch === batch);
      if (step === undefined) continue;
      const ruled = { ...step, redriven: [], discarded: [] };
      job.steps = job.steps.filter((row) => row.batch >= batch).map((row) => (row === step ? ruled : row));
      failures.redriven(shard, step.redriven, by);
      failures.discarded(shard, step.discarded);
      job.isEnded ||= step.isEnd;
    }
  }

  /** discard.sql */
  discard(shard: number, batch: bigint): void {
    for (const job of this.#of(shard)) job.steps = job.steps.filter((row) => row.batch !== batch);
  }

  #of(shard: number): JobShard[] {
    const jobs = this.#shards.get(shard) ?? [];
    this.#shards.set(shard, jobs);
    return jobs;
  }
}

/** siding.job_asks */
export function actOf(
  event: OutboxEvent,
  { kind, status, tenant, topic }: JobPlan,
  { cursor, promotedBatch, lanes, madeMs }: ShardState,
  { dead, redriven }: Verdicts,
): JobAct | null {
  if (tenant !== null && event.tenantId !== `tenant ${tenant}`) return null;
  if (topic !== null && event.topic !== topic) return null;
  if (!isConsumed(cursor, event)) return null;
  if (dead !== null && dead.deadBatch <= promotedBatch) {
    if (dead.isDiscarded || (dead.deadBatch === promotedBatch && dead.deadMs > madeMs)) return null;
    if (kind === "discard") return "discard";
    return kind === "redrive" || status === "dead" || status === null ? "redrive" : null;
  }
  if (kind !== "replay" || status === "dead") return null;
  if (redriven !== null && (redriven.batch === null ? redriven.atMs > madeMs : redriven.batch > promotedBatch))
    return null;
  if (isConsumed(lanes.cover(event)?.cursor ?? cursor, event)) return status === "pending" ? null : "replay";
  return status === "published" ? null : "wait";
}
