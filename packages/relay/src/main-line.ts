import { type Batch, planBatch } from "@siding/core/batch/plan-batch.js";
import { type Cursor, withNextXid } from "@siding/core/cursor/cursor.js";
import { type Page, rowsOf } from "@siding/core/cursor/page.js";
import { SidingError } from "@siding/core/errors.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { PublishOutcome, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Lease, PlanRecord, ShardRecord } from "@siding/core/ports/store.js";
import { type Failure, nextFailure } from "@siding/core/retry/failure.js";
import { tallyOf } from "@siding/core/verify/tally.js";
import { confirmHistory } from "./confirm-history.js";
import type { DueWatch } from "./due-watch.js";
import type { ShardStart } from "./recover-shard.js";
import type { RelayOptions } from "./relay-options.js";

/** How long an idle shard leaves its last plan to be promoted by the next one, which costs no commit of its own. */
const PROMOTE_AFTER_MS = 20;
/** A wait that has no end of its own; timers hold no more than 2^31 ms. */
const FAR_OFF_MS = 24 * 3_600_000;
const TOPIC_RECHECK_MS = 500;
/** With untilEmpty: for as long a topic may be missing before the relay ends without having emptied the outbox. */
const TOPIC_GRACE_MS = 5_000;

/**
 * One shard's main line (design §4): read a page, prepare, publish, and promote with the next prepare. While Kafka
 * commits one batch, the next page is read. Ends when the signal is aborted, with everything settled; throws when the
 * shard has to be claimed anew.
 */
export class MainLine {
  readonly #options: RelayOptions;
  readonly #watch: DueWatch;
  readonly #publisher: ShardPublisher;
  readonly #lease: Lease;
  readonly #failures: Map<bigint, Failure>;
  readonly #retryAtMs: Map<bigint, number>;
  readonly #alreadyPublished: Set<bigint>;
  #cursor: Cursor;
  #lastBatch: bigint;
  /** The batch that Kafka has and Postgres has not promoted yet. */
  #unpromoted: bigint | null = null;
  /** The number that Kafka holds: the last one that it committed, not the last one that was planned. */
  #inKafka: bigint;
  #inKafkaSinceMs: number;
  #ahead: Promise<Page<OutboxEvent>> | null = null;
  #waitingFor: { readonly topic: string; readonly sinceMs: number } | null = null;

  constructor(
    options: RelayOptions,
    watch: DueWatch,
    publisher: ShardPublisher,
    record: ShardRecord,
    start: ShardStart,
  ) {
    this.#options = options;
    this.#watch = watch;
    this.#publisher = publisher;
    this.#lease = record.lease;
    this.#cursor = start.cursor;
    this.#lastBatch = start.lastBatch;
    const now = options.clock.monotonicMs();
    this.#inKafka = start.promotedBatch;
    this.#inKafkaSinceMs = now - start.progressAgeMs;
    this.#failures = new Map(record.failures.map((failure) => [failure.seq, failure]));
    this.#alreadyPublished = new Set(record.alreadyPublished);
    this.#retryAtMs = new Map(record.failures.map((failure) => [failure.seq, now + failure.retryInMs]));
  }

  async run(signal: AbortSignalLike): Promise<void> {
    while (!signal.aborted) {
      if (this.#renewalInMs() <= 0) await this.#renew();
      const page = await this.#nextPage();
      const plan = planBatch({
        cursor: this.#cursor,
        page,
        topicFaults: await this.#options.publisher.topicFaults(topicsOf(page)),
        failures: this.#failures,
        alreadyPublished: this.#alreadyPublished,
        retryAtMs: this.#retryAtMs,
        nowMs: this.#options.clock.monotonicMs(),
        attemptsMax: this.#options.attemptsMax,
      });
      switch (plan.kind) {
        case "empty":
          this.#cursor = plan.cursor;
          if (!plan.isEnd) break;
          if (this.#options.untilEmpty) return await this.#promote();
          await this.#idle(signal);
          break;
        case "wait-for-topic":
          await this.#waitForTopic(plan.topic, plan.reason, signal);
          break;
        case "wait-for-retry":
          await this.#promote();
          this.#observe("waiting-for-retry", `event with seq ${plan.seq}`);
          await this.#options.clock.sleep(plan.waitMs, signal);
          break;
        case "batch": {
          this.#waitingFor = null;
          const cursor = await this.#prepare(plan);
          // What follows on a page that went whole is read while Kafka commits it.
          if (plan.whole) this.#readAhead(cursor);
          const outcome = await this.#publish(plan.events);
          await this.#settle(outcome, plan, cursor);
          break;
        }
      }
    }
    await this.#promote();
  }

  async #nextPage(): Promise<Page<OutboxEvent>> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return await ahead;
    return await this.#timed("read", () => this.#read(this.#cursor));
  }

  #read(cursor: Cursor): Promise<Page<OutboxEvent>> {
    const limits = { events: this.#options.batchEventsMax, bytes: this.#options.batchBytesMax };
    return this.#options.store.readPage(this.#lease.shard, cursor, limits);
  }

  #readAhead(cursor: Cursor): void {
    this.#ahead = this.#read(cursor);
    this.#ahead.catch(() => {}); // said by #nextPage, which awaits it
  }

  /** Lays the plan down, where the delivery has plans; answers its cursor with the nx it was given. */
  async #prepare(plan: Batch): Promise<Cursor> {
    if (this.#options.delivery === "at-least-once") return plan.cursor;
    const batch = this.#lastBatch + 1n;
    const record = recordOf(plan);
    const prepared = await this.#timed("prepare", () => this.#options.store.prepare(this.#lease, { batch, ...record }));
    if (prepared === null) throw this.#fenced();
    this.#lastBatch = batch;
    this.#unpromoted = null;
    return withNextXid(plan.cursor, prepared.nextXid);
  }

  #publish(events: readonly OutboxEvent[]): Promise<PublishOutcome> {
    this.#observe("publishing");
    return this.#timed("publish", () => this.#publisher.publish({ batch: this.#lastBatch, events }));
  }

  async #settle(outcome: PublishOutcome, plan: Batch, cursor: Cursor): Promise<void> {
    switch (outcome.kind) {
      case "committed":
        await this.#committed(plan, cursor);
        break;
      case "refused":
        this.#ahead = null;
        await this.#refused(outcome.events, outcome.topics);
        break;
      case "fenced":
        throw this.#fenced();
      case "unknown":
        // Never taken for "not sent": the shard is claimed anew and Kafka is asked (design §4).
        throw outcome.error;
    }
  }

  async #committed(plan: Batch, cursor: Cursor): Promise<void> {
    const { events, dead, passed } = plan;
    const { observer, clock, store } = this.#options;
    const now = clock.unixMs();
    if (this.#options.delivery === "at-least-once") {
      const advanced = await this.#timed("promote", () => store.advance(this.#lease, recordOf(plan)));
      if (advanced === null) throw this.#fenced();
      this.#cursor = withNextXid(cursor, advanced.nextXid);
    } else {
      this.#cursor = cursor;
      this.#unpromoted = this.#lastBatch;
      this.#inKafka = this.#lastBatch;
      this.#inKafkaSinceMs = clock.monotonicMs();
    }
    for (const { seq } of passed) this.#alreadyPublished.delete(seq);
    observer.batchCommitted(this.#lease.shard, this.#lastBatch, events, now);
    for (const { event, failure } of dead) observer.eventDead(this.#lease.shard, event, failure);
    if (this.#failures.size > 0) {
      for (const { seq } of [...events, ...dead.map(({ event }) => event)]) {
        this.#failures.delete(seq);
        this.#retryAtMs.delete(seq);
      }
    }
  }

  /** Nothing of the batch is in Kafka: its plan goes, and what was refused is remembered. */
  async #refused(
    faults: readonly { seq: bigint; error: string }[],
    topics: ReadonlyMap<string, string>,
  ): Promise<void> {
    const { store, random, clock, observer } = this.#options;
    if (this.#options.delivery === "exactly-once") {
      if (!(await store.discard(this.#lease, this.#lastBatch))) throw this.#fenced();
    }
    const failures = faults.map((fault) => nextFailure(this.#failures.get(fault.seq), fault, random()));
    if (failures.length > 0 && !(await store.recordFailures(this.#lease, failures))) throw this.#fenced();
    for (const failure of failures) {
      this.#failures.set(failure.seq, failure);
      this.#retryAtMs.set(failure.seq, clock.monotonicMs() + failure.retryInMs);
      observer.eventRefused(this.#lease.shard, failure);
    }
    for (const [topic, reason] of topics) this.#observe("waiting-for-topic", `${topic}: ${reason}`);
  }

  async #idle(signal: AbortSignalLike): Promise<void> {
    this.#observe("idle");
    if (this.#unpromoted !== null) {
      const soon = await this.#dueWithin(PROMOTE_AFTER_MS, signal);
      if (soon || signal.aborted) return;
      await this.#promote();
    }
    const { leaseMs, delivery } = this.#options;
    // A number that is committed anew before that needs no asking, and at-least-once keeps none.
    if (delivery === "at-least-once" || this.#renewalInMs() <= leaseMs) {
      await this.#dueWithin(this.#renewalInMs(), signal);
      return;
    }
    if ((await this.#dueWithin(leaseMs, signal)) || signal.aborted) return;
    await confirmHistory(this.#options, this.#publisher, { shard: this.#lease.shard, number: this.#inKafka });
  }

  #renewalInMs(): number {
    if (this.#options.delivery === "at-least-once") return FAR_OFF_MS;
    return this.#inKafkaSinceMs + this.#options.renewProgressMs - this.#options.clock.monotonicMs();
  }

  /** A progress topic with a retention forgets, and a plan laid down after that could not be settled. */
  async #renew(): Promise<void> {
    await this.#promote();
    await this.#publisher.commitNumber(this.#inKafka);
    if (!(await this.#options.store.markProgress(this.#lease))) throw this.#fenced();
    this.#inKafkaSinceMs = this.#options.clock.monotonicMs();
  }

  /** Whether work turned up within the time; the cursor moves on as the watch moves it. */
  async #dueWithin(ms: number, signal: AbortSignalLike): Promise<boolean> {
    let isOver = false;
    const limit = this.#options.clock.limit(ms, signal, () => {
      isOver = true;
    });
    this.#cursor = await this.#watch.wait(this.#lease.shard, this.#cursor, limit.signal);
    limit.clear();
    return !isOver;
  }

  async #waitForTopic(topic: string, reason: string, signal: AbortSignalLike): Promise<void> {
    await this.#promote();
    const now = this.#options.clock.monotonicMs();
    if (this.#waitingFor?.topic !== topic) {
      this.#waitingFor = { topic, sinceMs: now };
      if (!(await this.#options.store.reportWaiting(this.#lease, { topic, reason }))) throw this.#fenced();
    }
    if (this.#options.untilEmpty && now - this.#waitingFor.sinceMs >= TOPIC_GRACE_MS) {
      throw new SidingError(
        "SIDING_TOPIC_UNAVAILABLE",
        `shard ${this.#lease.shard} waits for topic ${topic}: ${reason}`,
      );
    }
    this.#observe("waiting-for-topic", `${topic}: ${reason}`);
    await this.#options.clock.sleep(TOPIC_RECHECK_MS, signal);
  }

  async #promote(): Promise<void> {
    const batch = this.#unpromoted;
    if (batch === null) return;
    const isHeld = await this.#timed("promote", () => this.#options.store.promote(this.#lease, batch));
    if (!isHeld) throw this.#fenced();
    this.#unpromoted = null;
  }

  async #timed<T>(step: "read" | "prepare" | "publish" | "promote", act: () => Promise<T>): Promise<T> {
    const { clock, observer } = this.#options;
    const began = clock.monotonicMs();
    try {
      return await act();
    } finally {
      observer.step(step, clock.monotonicMs() - began);
    }
  }

  #observe(state: "publishing" | "idle" | "waiting-for-topic" | "waiting-for-retry", detail?: string): void {
    this.#options.observer.shardState(this.#lease.shard, state, detail);
  }

  #fenced(): SidingError {
    const { shard, epoch } = this.#lease;
    return new SidingError("SIDING_FENCED", `shard ${shard}: another relay took it, epoch ${epoch} has passed`);
  }
}

/** What Postgres is told of a batch. What it passes is published with it too: Kafka has it. */
function recordOf({ cursor, dead, events, passed }: Batch): Omit<PlanRecord, "batch"> {
  return { cursor, dead: dead.map(({ failure }) => failure), published: tallyOf(events, passed) };
}

function topicsOf(page: Page<OutboxEvent>): ReadonlySet<string> {
  const topics = new Set<string>();
  for (const row of rowsOf(page)) topics.add(row.topic);
  return topics;
}
