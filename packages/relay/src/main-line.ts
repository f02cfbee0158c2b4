import type { Batch } from "@siding/core/batch/plan-batch.js";
import { isFilled } from "@siding/core/cursor/page.js";
import { SidingError } from "@siding/core/errors.js";
import type { JobTake } from "@siding/core/job/take-of-job.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { PublishOutcome, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Advance, Lease, LinesRecord, ShardRecord } from "@siding/core/ports/store.js";
import { tallyOf } from "@siding/core/verify/tally.js";
import { ARREARS_MS, Arrears } from "./arrears.js";
import { confirmHistory } from "./confirm-history.js";
import type { DueWatch } from "./due-watch.js";
import { fenced } from "./fenced.js";
import { Jobs, LOOK_MS } from "./jobs.js";
import { Lines, type LinesInput, type LinesState, topicsOf } from "./lines.js";
import type { ShardStart } from "./recover-shard.js";
import type { RelayOptions } from "./relay-options.js";
import { timed } from "./timed.js";

/** A wait that has no end of its own; timers hold no more than 2^31 ms. */
const FAR_OFF_MS = 24 * 3_600_000;
/** An idle shard asks whether its history stands once in so many leases. */
const CONFIRM_LEASES = 3;
/** With untilEmpty: what may move within this time is waited for. */
const UNTIL_EMPTY_GRACE_MS = 1_000;
/** With untilEmpty: for as long a topic may be missing before the relay ends without having emptied the outbox. */
const TOPIC_GRACE_MS = 5_000;

/**
 * One shard's batches (design §4): read the main line's page and those of the lanes that are due, prepare, publish, and
 * promote with the next prepare. While Kafka commits one batch, the next one's pages are read. Ends when the signal is
 * aborted, with everything settled; throws when the shard has to be claimed anew.
 */
export class MainLine {
  readonly #options: RelayOptions;
  readonly #watch: DueWatch;
  readonly #publisher: ShardPublisher;
  readonly #lease: Lease;
  readonly #lines: Lines;
  readonly #jobs: Jobs;
  readonly #arrears: Arrears;
  #lastBatch: bigint;
  /** The number that Kafka holds: the last one that it committed, not the last one that was planned. */
  #inKafka: bigint;
  #inKafkaSinceMs: number;
  #ahead: Promise<LinesInput> | null = null;
  #brokenSinceMs: number | null = null;
  readonly #hasPlans: boolean;

  constructor(
    options: RelayOptions,
    watch: DueWatch,
    publisher: ShardPublisher,
    record: ShardRecord,
    start: ShardStart,
    lines: LinesRecord,
  ) {
    this.#options = options;
    this.#watch = watch;
    this.#publisher = publisher;
    this.#hasPlans = options.delivery === "exactly-once";
    this.#lease = record.lease;
    this.#lines = new Lines(options, start.cursor, lines, record);
    this.#jobs = new Jobs(options, record.lease.shard, this.#lines);
    this.#arrears = new Arrears(options, record.lease);
    this.#lastBatch = start.lastBatch;
    const now = options.clock.monotonicMs();
    this.#inKafka = start.promotedBatch;
    this.#inKafkaSinceMs = now - start.progressAgeMs;
  }

  async run(signal: AbortSignalLike): Promise<void> {
    this.#options.observer.lanesChanged(this.#lease.shard, this.#lines.state.lanes);
    while (!signal.aborted) {
      if (this.#renewalInMs() <= 0) await this.#renew();
      await this.#jobs.look();
      const input = await this.#nextInput();
      const jobRead = await this.#jobs.read(input);
      const faults = await this.#options.publisher.topicFaults(topicsOf(input, jobRead));
      const live = this.#lines.plan(input, faults);
      const { plan, take } = this.#jobs.join(live, jobRead, faults, input.page.nowNs);
      if (plan.kind === "batch") {
        const prepared = this.#prepare(plan, take, input);
        const outcome = await this.#publish(take === null ? plan.events : [...plan.events, ...take.events], prepared);
        await this.#settle(outcome, { plan, take, input, after: await prepared });
        continue;
      }
      this.#lines.state = { ...this.#lines.state, main: plan.cursor };
      if (!plan.isEnd || this.#jobs.nextDueMs() === 0) continue;
      if (this.#options.untilEmpty && this.#isEmpty()) return await this.#promote();
      await this.#idle(signal);
    }
    await this.#promote();
  }

  async #nextInput(): Promise<LinesInput> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return await ahead;
    await this.#publisher.rested();
    return await timed(this.#options, "read", () => this.#read(this.#lines.state));
  }

  async #read(state: LinesState): Promise<LinesInput> {
    const { store } = this.#options;
    const { shard } = this.#lease;
    const page = await store.readPage(shard, state.main, this.#lines.pageLimits, this.#lines.skim(state));
    const { requests, ...turn } = this.#lines.choose(state, page);
    if (requests.length === 0 || state.main.form === "window") return { page, reads: [], ...turn };
    const pages = await store.readLanePages(shard, state.main, requests);
    const reads = requests.map(({ lane }, index) => ({ lane, page: pages[index]! }));
    return { page, reads, ...turn };
  }

  /**
   * What follows on a page that went whole is read while Kafka commits it, where more is known to be there. Where the lines
   * have ended, what comes until the batch is committed would miss such a page, and wait for the one after it.
   */
  #readAhead({ whole }: Batch, { page, reads }: LinesInput, after: LinesState): void {
    const { batchEventsMax: events, batchBytesMax: bytes } = this.#options;
    const isMoreThere = isFilled(page, { events, bytes }) || reads.some((read) => !read.page.isToEnd);
    // Without plans the nx of the lanes comes with the advance.
    if (!whole || !isMoreThere || !(this.#hasPlans || after.lanes.size === 0)) return;
    this.#ahead = this.#read(after);
    this.#ahead.catch(() => {}); // said by #nextInput, which awaits it
  }

  /**
   * Lays the plan down, where the delivery has plans, and begins to read what follows; answers the lines as they will be, with
   * the nx they were given.
   */
  async #prepare(plan: Batch, take: JobTake | null, input: LinesInput): Promise<LinesState> {
    // Without plans nothing is laid down before Kafka has it, and the nx comes with the advance.
    let after: LinesState = { main: plan.cursor, lanes: plan.lanes };
    if (this.#hasPlans) {
      this.#lastBatch += 1n;
      const record = { batch: this.#lastBatch, ...this.#recordOf(plan, take) };
      const prepared = await timed(this.#options, "prepare", () => this.#options.store.prepare(this.#lease, record));
      if (prepared === null) throw fenced(this.#lease);
      this.#arrears.prepared();
      this.#jobs.promoted();
      after = this.#lines.after(plan, input, prepared.nextXid);
    }
    this.#readAhead(plan, input, after);
    return after;
  }

  /** The records are on their way to Kafka while Postgres makes their plan durable, and are committed after that (I5). */
  #publish(events: Batch["events"], prepared: Promise<unknown>): Promise<PublishOutcome> {
    this.#observe("publishing");
    const planned = prepared.then(
      () => true,
      () => false,
    );
    const request = { batch: this.#lastBatch, events, ...(this.#hasPlans && { planned }) };
    return timed(this.#options, "publish", () => this.#publisher.publish(request));
  }

  async #settle(outcome: PublishOutcome, batch: UnderWay): Promise<void> {
    switch (outcome.kind) {
      case "committed":
        await this.#committed(batch);
        break;
      case "refused":
        this.#ahead = null;
        await this.#refused(batch, outcome.events);
        break;
      case "withheld": // where prepare has thrown why
      case "fenced":
        throw fenced(this.#lease);
      case "unknown":
        // Never taken for "not sent": the shard is claimed anew and Kafka is asked (design §4).
        throw outcome.error;
    }
  }

  async #committed({ plan, take, input, after }: UnderWay): Promise<void> {
    const { observer, clock, store, policies } = this.#options;
    const { shard } = this.#lease;
    const now = clock.unixMs();
    if (!this.#hasPlans) {
      const nextXid = await this.#arrears.delivered(this.#recordOf(plan, take), this.#ahead !== null);
      this.#lines.published(plan, this.#lines.after(plan, input, nextXid));
    } else {
      this.#lines.published(plan, after);
      this.#arrears.committed(this.#lastBatch);
      this.#inKafka = this.#lastBatch;
      this.#inKafkaSinceMs = clock.monotonicMs();
    }
    if (take !== null) this.#jobs.published(take);
    const { quotas } = this.#lines;
    if (quotas.isToAccount) quotas.account(await store.now());
    observer.batchCommitted(shard, this.#lastBatch, plan.events, now);
    if (take !== null) observer.jobMoved(shard, take);
    for (const { event, failure } of plan.dead) observer.eventDead(shard, event, failure);
    for (const hold of plan.held) observer.held(shard, hold);
    for (const [tenantId, use] of plan.quotas) observer.quotaUsed(tenantId, use, policies.of(tenantId).warnAt);
    if (plan.changed.length + plan.dropped.length > 0) observer.lanesChanged(shard, plan.lanes);
  }

  /** Nothing of the batch is in Kafka: its plan goes, and what was refused is remembered. */
  async #refused({ plan, take }: UnderWay, faults: readonly { seq: bigint; error: string }[]): Promise<void> {
    const { store, observer } = this.#options;
    if (this.#hasPlans && !(await store.discard(this.#lease, this.#lastBatch))) throw fenced(this.#lease);
    const failures = this.#lines.refused(plan, this.#jobs.refused(take, faults));
    if (failures.length > 0 && !(await store.recordFailures(this.#lease, failures))) throw fenced(this.#lease);
    for (const failure of failures) observer.eventRefused(this.#lease.shard, failure);
  }

  async #idle(signal: AbortSignalLike): Promise<void> {
    this.#observe("idle");
    if (this.#arrears.isAny) {
      const laneMs = this.#nextDueMs();
      const soon = await this.#dueWithin(Math.min(ARREARS_MS, laneMs), signal);
      if (soon || signal.aborted || laneMs <= ARREARS_MS) return;
      await this.#promote();
    }
    const confirmMs = CONFIRM_LEASES * this.#options.leaseMs;
    const laneMs = this.#nextDueMs();
    // A number that is committed anew before that needs no asking, and at-least-once keeps none.
    const isAsked = this.#hasPlans && this.#renewalInMs() > confirmMs && laneMs > confirmMs;
    const wakeMs = isAsked ? confirmMs : Math.min(this.#renewalInMs(), laneMs);
    if ((await this.#dueWithin(wakeMs, signal)) || signal.aborted || !isAsked) return;
    await confirmHistory(this.#options, this.#publisher, { shard: this.#lease.shard, number: this.#inKafka });
  }

  /** Until a lane or a job may move. */
  #nextDueMs(): number {
    return Math.min(this.#lines.nextDueMs() ?? FAR_OFF_MS, this.#jobs.nextDueMs() ?? FAR_OFF_MS);
  }

  #renewalInMs(): number {
    if (!this.#hasPlans) return FAR_OFF_MS;
    return this.#inKafkaSinceMs + this.#options.renewProgressMs - this.#options.clock.monotonicMs();
  }

  /** A progress topic with a retention forgets, and a plan laid down after that could not be settled. */
  async #renew(): Promise<void> {
    const { store } = this.#options;
    await this.#promote();
    // There is no plan whose epoch would be checked, and the publisher may have opened the shard anew since the last one.
    if (!(await store.markProgress(this.#lease))) throw fenced(this.#lease);
    await this.#publisher.commitNumber(this.#inKafka);
    if (!(await store.markProgress(this.#lease))) throw fenced(this.#lease);
    this.#inKafkaSinceMs = this.#options.clock.monotonicMs();
  }

  /** Whether work turned up within the time. While a job is known, the time is cut where its own look is due. */
  async #dueWithin(ms: number, signal: AbortSignalLike): Promise<boolean> {
    const isForJobs = !this.#jobs.isAnyKnown;
    const withinMs = isForJobs ? ms : Math.min(ms, LOOK_MS);
    let isOver = false;
    const limit = this.#options.clock.limit(withinMs, signal, () => {
      isOver = true;
    });
    const { shard } = this.#lease;
    const woken = await this.#watch.wait({ shard, cursor: this.#lines.state.main, isForJobs }, withinMs, limit.signal);
    limit.clear();
    this.#lines.state = { ...this.#lines.state, main: woken.cursor };
    if (woken.hasJob) this.#jobs.lookNow();
    return !isOver || withinMs < ms;
  }

  /**
   * With untilEmpty: whether no lane is due within the grace. A topic that is missing for longer than it may is an error.
   * @throws SIDING_TOPIC_UNAVAILABLE
   */
  #isEmpty(): boolean {
    if (this.#jobs.isAnyOpen) return false;
    const now = this.#options.clock.monotonicMs();
    const waiting = [...this.#lines.dueWithin(TOPIC_GRACE_MS)];
    const broken = waiting.find(({ reason }) => reason === "breaker");
    this.#brokenSinceMs = broken === undefined ? null : (this.#brokenSinceMs ?? now);
    if (this.#brokenSinceMs !== null && now - this.#brokenSinceMs >= TOPIC_GRACE_MS) {
      const { filter, detail } = broken!;
      throw new SidingError(
        "SIDING_TOPIC_UNAVAILABLE",
        `shard ${this.#lease.shard} waits for topic ${filter.topic}: ${detail}`,
      );
    }
    return broken === undefined && [...this.#lines.dueWithin(UNTIL_EMPTY_GRACE_MS)].length === 0;
  }

  async #promote(): Promise<void> {
    await this.#arrears.settle();
    this.#jobs.promoted();
  }

  #observe(state: "publishing" | "idle"): void {
    this.#options.observer.shardState(this.#lease.shard, state);
  }

  /** What Postgres is told of a batch. What it passes is published with it too: Kafka has it. */
  #recordOf(plan: Batch, take: JobTake | null): Advance {
    const { cursor, dead, events, passed } = plan;
    // What is replayed was counted when it was published.
    const published = tallyOf(events, passed, take?.redriven ?? []);
    const lines = this.#lines.changeOf(plan);
    return { cursor, dead: dead.map(({ failure }) => failure), published, lines, job: take?.step ?? null };
  }
}

/** A batch that Kafka was asked to commit, and the lines as they will be then. */
interface UnderWay {
  readonly plan: Batch;
  readonly take: JobTake | null;
  readonly input: LinesInput;
  readonly after: LinesState;
}
