import type { BatchPlan } from "@siding/core/batch/plan-batch.js";
import { isConsumed } from "@siding/core/cursor/cursor.js";
import { rowsOf } from "@siding/core/cursor/page.js";
import type { JobPage, OpenJob } from "@siding/core/job/job.js";
import { type JobTake, takeOfJob } from "@siding/core/job/take-of-job.js";
import { ofNoLine, withFreedLanes } from "./job-batch.js";
import type { Lines, LinesInput } from "./lines.js";
import type { RelayOptions } from "./relay-options.js";

/** How often a busy shard asks for new jobs, and any whether its own were cancelled. */
export const LOOK_MS = 400;
/** A job's part of a batch: whoever's event comes next waits for this batch to end. */
const EVENTS_IDLE = 1_000;
const EVENTS_LIVE = 100;
/** After a batch of its own a job rests for this many times as long as it took, while live events come. */
const REST = 2;
/** For so long after an event the next one is expected. */
const LIVE_MS = 1_000;
/** How many rows of the log are looked at for one batch: more where a filter leaves few of them. */
const LOOK_ROWS_MIN = 100;
const LOOK_ROWS_MAX = 5_000;
/** Where a job finds nothing that it asks for, how far it has looked is written this often: a takeover goes on from there. */
const WRITE_MS = 1_000;
/** A job that may not go on looks again after this. */
const STOPPED_MS = 500;
/** A capped job has this much to its credit at most, so that a pause is followed by no burst. */
const CREDIT_S = 0.2;
const NS_A_S = 1e9;

interface Running {
  job: OpenJob;
  /** Through, with a batch that Postgres may not have promoted yet. */
  isEnded: boolean;
  /** By the relay's clock. */
  notBeforeMs: number;
  writtenMs: number;
  lookRows: number;
  credit: number;
  creditedNs: bigint | null;
}

/** A job's page beside a batch's other input. */
export interface JobRead {
  readonly running: Running;
  readonly page: JobPage;
}

/** What a batch does, and what of it is a job's. */
export interface JoinedPlan {
  readonly plan: BatchPlan;
  readonly take: JobTake | null;
}

/**
 * The open jobs of one shard: replays, redrives and discards. A job is a lower class than all lines: it gets what room they
 * leave in a batch, one job a batch, in turns.
 */
export class Jobs {
  readonly #options: RelayOptions;
  readonly #shard: number;
  readonly #lines: Lines;
  #running: Running[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  readonly #suspects = new Set<bigint>();
  readonly #givenUp = new Map<bigint, string>();
  /** Dead letters that the last step ruled on, until it is promoted: whichever job it was, and whether it goes on. */
  readonly #ruledOn = new Set<bigint>();
  /** When a batch began that only a job had anything in. */
  #aloneSinceMs: number | null = null;
  #liveUntilMs = Number.NEGATIVE_INFINITY;
  /** After a refusal that says nothing about live events a batch goes without a job, so that its verdicts are theirs. */
  #isResting = false;

  constructor(options: RelayOptions, shard: number, lines: Lines) {
    this.#options = options;
    this.#shard = shard;
    this.#lines = lines;
  }

  /** Whether a job is open that has not come to its end. */
  get isAnyOpen(): boolean {
    return this.#running.some(({ isEnded }) => !isEnded);
  }

  /** Whether a job was there at the last look. */
  get isAnyKnown(): boolean {
    return this.#running.length > 0;
  }

  /** There is a job that the last look did not see. */
  lookNow(): void {
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Finds new jobs, and forgets those that have ended or were cancelled. */
  async look(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = nowMs;
    const open = await this.#options.store.readJobs(this.#shard);
    // Postgres is a batch behind with those that are known.
    this.#running = open.map(
      (job) =>
        this.#running.find((known) => known.job.jobId === job.jobId) ?? {
          job,
          isEnded: false,
          notBeforeMs: Number.NEGATIVE_INFINITY,
          writtenMs: nowMs,
          lookRows: LOOK_ROWS_MIN,
          credit: 0,
          creditedNs: null,
        },
    );
    if (open.length > 0) return;
    this.#suspects.clear();
    this.#givenUp.clear();
  }

  /** Until a job may go on, in ms; null where none is open. */
  nextDueMs(): number | null {
    const nowMs = this.#options.clock.monotonicMs();
    let soonest: number | null = null;
    for (const { isEnded, notBeforeMs } of this.#running) {
      if (isEnded) continue;
      const waitMs = Math.max(0, notBeforeMs - nowMs);
      if (soonest === null || waitMs < soonest) soonest = waitMs;
    }
    return soonest;
  }

  /** The page of the job whose turn it is, as large as the lines' input leaves room for. */
  async read({ page, reads }: LinesInput): Promise<JobRead | null> {
    const running = this.#due();
    if (running === undefined) return null;
    if (this.#isResting) {
      this.#isResting = false;
      return null;
    }
    const { batchEventsMax, batchBytesMax, store } = this.#options;
    const live = [...rowsOf(page), ...reads.flatMap((read) => rowsOf(read.page))];
    const bytes = batchBytesMax - live.reduce((sum, event) => sum + event.bytes, 0);
    const nowMs = this.#options.clock.monotonicMs();
    if (live.length > 0) this.#liveUntilMs = nowMs + LIVE_MS;
    const room = Math.min(batchEventsMax - live.length, nowMs < this.#liveUntilMs ? EVENTS_LIVE : EVENTS_IDLE);
    const events = Math.min(room, this.#allowed(running, page.nowNs));
    if (events < 1 || bytes < 1) return null;
    const limits = { events, bytes, look: Math.max(events, running.lookRows) };
    const jobPage = await store.readJobPage(this.#shard, running.job, limits);
    const isSparse = jobPage.rows.length < events / 2;
    running.lookRows = isSparse ? Math.min(LOOK_ROWS_MAX, 4 * limits.look) : LOOK_ROWS_MIN;
    return { running, page: jobPage };
  }

  /** The lines' plan with the job's part: behind what is live, or instead of it where an event has to go alone. */
  join(plan: BatchPlan, read: JobRead | null, topicFaults: ReadonlyMap<string, string>, nowNs: bigint): JoinedPlan {
    if (read === null || (plan.kind === "batch" && (plan.isProbe || plan.isFull))) return { plan, take: null };
    const { running, page } = read;
    // The next turn is another job's.
    this.#running = [...this.#running.filter((each) => each !== running), running];
    const take = takeOfJob({
      job: running.job,
      page,
      topicFaults,
      policies: this.#options.policies,
      suspects: this.#suspects,
      givenUp: this.#givenUp,
      ruledOn: this.#ruledOn,
      isHeld: (event) => {
        const lane = this.#lines.state.lanes.cover(event);
        return lane !== undefined && !isConsumed(lane.cursor, event);
      },
    });
    const nowMs = this.#options.clock.monotonicMs();
    if ("stop" in take) {
      running.notBeforeMs = nowMs + STOPPED_MS;
      return { plan, take: null };
    }
    if (isNothing(take) && nowMs - running.writtenMs < WRITE_MS) {
      running.job = { ...running.job, position: take.step.position };
      return { plan, take: null };
    }
    const isAlone = plan.kind === "empty" || take.isAlone;
    // What is live loses a turn to the one event that has to go without company.
    this.#aloneSinceMs = isAlone ? nowMs : null;
    const base = isAlone ? ofNoLine(this.#lines, plan, nowNs) : plan;
    return { plan: withFreedLanes(base, take, Number(nowNs / 1_000_000n)), take };
  }

  /** Kafka has the batch. */
  published({ step, events, waiting, discarded }: JobTake): void {
    const running = this.#running.find(({ job }) => job.jobId === step.jobId);
    for (const { seq } of waiting) this.#lines.retryNow(seq);
    // Without plans the step was promoted as it was laid down.
    if (this.#options.delivery === "exactly-once") {
      for (const seq of [...step.redriven, ...step.discarded]) this.#ruledOn.add(seq);
    }
    for (const { seq } of discarded) this.#lines.passOver(seq);
    for (const { seq } of events) this.#suspects.delete(seq);
    if (running === undefined) return;
    const { position, counts, lastError } = step;
    running.job = { ...running.job, position, counts, lastError };
    running.isEnded = step.isEnd;
    running.credit -= events.length;
    const nowMs = this.#options.clock.monotonicMs();
    running.writtenMs = nowMs;
    // While live events come, a job is alone in a batch for a third of the time at most.
    if (this.#aloneSinceMs !== null && nowMs < this.#liveUntilMs) {
      running.notBeforeMs = nowMs + REST * (nowMs - this.#aloneSinceMs);
    }
  }

  /** Postgres shows what the last published batch made of jobs and dead letters. */
  promoted(): void {
    this.#ruledOn.clear();
  }

  /**
   * Nothing of the batch is in Kafka. Answers which of the faults are the live events': none where a job's event was
   * refused with them.
   */
  refused<Fault extends { readonly seq: bigint; readonly error: string }>(
    take: JobTake | null,
    faults: readonly Fault[],
  ): readonly Fault[] {
    if (take === null || take.events.length === 0) return faults;
    const own = new Set(take.events.map(({ seq }) => seq));
    const blamed = faults.filter(({ seq }) => own.has(seq));
    this.#isResting = !take.isAlone;
    for (const { seq, error } of blamed) {
      if (take.isAlone) this.#givenUp.set(seq, error);
      else this.#suspects.add(seq);
    }
    return blamed.length > 0 ? [] : faults;
  }

  #due(): Running | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#running.find(({ isEnded, notBeforeMs }) => !isEnded && notBeforeMs <= nowMs);
  }

  /** How many events the job's cap allows now. */
  #allowed(running: Running, nowNs: bigint): number {
    const { eventsPerSecond: rate } = running.job;
    if (rate === null) return EVENTS_IDLE;
    const passedS = running.creditedNs === null ? 0 : Number(nowNs - running.creditedNs) / NS_A_S;
    running.creditedNs = nowNs;
    running.credit = Math.min(Math.max(1, rate * CREDIT_S), running.credit + Math.max(0, passedS) * rate);
    if (running.credit >= 1) return Math.floor(running.credit);
    running.notBeforeMs = this.#options.clock.monotonicMs() + ((1 - running.credit) / rate) * 1_000;
    return 0;
  }
}

/** Rows that were looked at and are not asked for: unless they were the last, there is no hurry to write it. */
function isNothing({ step, events, released, discarded, waiting }: JobTake): boolean {
  return !step.isEnd && [events, released, discarded, waiting].every((list) => list.length === 0);
}
