import { type Batch, type BatchPlan, type LaneRead, planBatch } from "@siding/core/batch/plan-batch.js";
import { Breakers } from "@siding/core/breaker/breakers.js";
import { type Cursor, withNextXid } from "@siding/core/cursor/cursor.js";
import { type PageLimits, rowsOf, type Skim } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import { isSameFilter, type Lane } from "@siding/core/lane/lane.js";
import { type LaneShare, LaneTurns } from "@siding/core/lane/lane-turns.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import { tenantsToSkim } from "@siding/core/lane/skim.js";
import type { LaneRequest, LinesChange, LinesRecord, TimedPage } from "@siding/core/ports/store.js";
import { askQuota, NOTHING_USED, roomOf } from "@siding/core/quota/quota.js";
import { type Failure, nextFailure } from "@siding/core/retry/failure.js";
import type { JobRead } from "./jobs.js";
import { demandOf } from "./page-demand.js";
import { QuotaLedger } from "./quota-ledger.js";
import type { RelayOptions } from "./relay-options.js";

/** Lanes read for one batch: the design's 1,000 lanes of five rows take 8 ms. */
const LANES_A_BATCH_MAX = 1_000;
/**
 * What lanes take of a batch while the main line has live traffic: whoever's event comes next waits for this batch to end
 * and for its own.
 */
const LANE_EVENTS_LIVE = 500;
const LIVE_MS = 1_000;
/** The part of a batch that the main line has at least: lanes that end in it leave their newer rows to it. */
const MAIN_PART_MIN = 1 / 8;
/** In pages of a batch: a page that leaves tenants out looks through so much of the log. */
const SKIM_PAGES = 20;
/** Looking through so many takes Postgres some tenths of a second; a page of any size is to stay far from its time-out. */
const SKIM_ROWS_MAX = 100_000;
/** How often lanes are asked for that may move before their time: a pause has ended, a quota was raised. */
const SWEEP_MS = 500;
/** Until a batch has gone. */
const EVENT_BYTES_GUESS = 1_000;
const NS_A_MS = 1_000_000n;

/** Where the lines of a shard stand: what a plan moves, and a refusal leaves as it was. */
export interface LinesState {
  readonly main: Cursor;
  readonly lanes: Lanes;
}

/** What a batch is planned from. */
export interface LinesInput {
  readonly page: TimedPage;
  readonly shares: readonly LaneShare[];
  readonly reads: readonly LaneRead[];
  readonly mainBytes: number;
}

/** The lanes of one shard beside its main line, with all that decides about them; what acts on it is {@link MainLine}. */
export class Lines {
  readonly #options: RelayOptions;
  readonly #turns = new LaneTurns();
  readonly #breakers = new Breakers();
  readonly quotas: QuotaLedger;
  readonly #failures: Map<bigint, Failure>;
  readonly #retryAtMs = new Map<bigint, number>();
  readonly #alreadyPublished: Set<bigint>;
  readonly #discarded: Set<bigint>;
  /** Postgres' clock as it was last heard of, and the relay's at that moment: between them durations count, no times. */
  #heard: { readonly postgresMs: number; readonly ownMs: number };
  #sweptMs = 0;
  #liveUntilMs = 0;
  #eventBytes: number | null = null;
  #wasProbe = false;
  #toSkim: ReadonlySet<string> = new Set();
  state: LinesState;

  constructor(
    options: RelayOptions,
    main: Cursor,
    record: LinesRecord,
    past: { readonly failures: readonly Failure[]; readonly alreadyPublished: readonly bigint[] },
  ) {
    this.#options = options;
    this.state = { main, lanes: new Lanes(record.lanes) };
    this.quotas = new QuotaLedger(record.quotas, options.delivery === "at-least-once");
    this.#failures = new Map(past.failures.map((failure) => [failure.seq, failure]));
    this.#alreadyPublished = new Set(past.alreadyPublished);
    this.#discarded = new Set(record.discarded);
    this.#heard = { postgresMs: 0, ownMs: options.clock.monotonicMs() };
    // Until Postgres' clock was heard, what was said as "from now" stands as such.
    for (const { seq, retryInMs } of past.failures) this.#retryAtMs.set(seq, retryInMs);
  }

  /** How much the main line reads. */
  get pageLimits(): PageLimits {
    const { batchEventsMax: events, batchBytesMax: bytes } = this.#options;
    return { events, bytes };
  }

  /** What it leaves out; undefined: nothing. */
  skim({ lanes }: LinesState): Skim | undefined {
    const tenants = new Set([...this.#toSkim].filter((tenantId) => lanes.whole(tenantId) !== undefined));
    return tenants.size === 0
      ? undefined
      : { tenants, look: Math.min(SKIM_ROWS_MAX, SKIM_PAGES * this.#options.batchEventsMax) };
  }

  /** Which lanes are to be read beside the page, and how much of each. */
  choose(
    state: LinesState,
    page: TimedPage,
  ): Omit<LinesInput, "page" | "reads"> & { readonly requests: readonly LaneRequest[] } {
    this.#hear(page.nowNs);
    const { batchBytesMax, batchEventsMax } = this.#options;
    const all = { requests: [], shares: [], mainBytes: batchBytesMax };
    if (state.main.form !== "plain" || state.lanes.size === 0) return all;
    this.#toSkim = tenantsToSkim(page, state.lanes, this.pageLimits);
    const due = this.#due(state.lanes, page.nowNs);
    if (due.length === 0) return all;
    const weightOf = (tenantId: string): number => this.#options.policies.of(tenantId).weight;
    const demand = demandOf(page, state.lanes, weightOf);
    const nowMs = Number(page.nowNs / NS_A_MS);
    if (demand.bytes > 0) this.#liveUntilMs = nowMs + LIVE_MS;
    const events =
      nowMs < this.#liveUntilMs ? Math.min(LANE_EVENTS_LIVE + demand.events, batchEventsMax) : batchEventsMax;
    const budgetBytes = Math.min(batchBytesMax, events * (this.#eventBytes ?? EVENT_BYTES_GUESS));
    const turn = this.#turns.choose({
      due,
      weightOf: (lane) => this.#weightOf(lane),
      main: demand,
      budgetBytes,
      lanesMax: LANES_A_BATCH_MAX,
    });
    return {
      requests: turn.lanes.map(({ lane, bytes }) => ({
        lane,
        limits: this.#limitsOf(lane, bytes, state.lanes, page.nowNs),
      })),
      shares: turn.lanes,
      mainBytes: Math.max(turn.mainBytes, budgetBytes * MAIN_PART_MIN),
    };
  }

  plan({ page, reads, mainBytes }: LinesInput, topicFaults: ReadonlyMap<string, string>): BatchPlan {
    const plan = planBatch({
      ...this.state,
      page,
      laneReads: reads,
      mainBytes,
      nowNs: this.quotas.judgedNs(page.nowNs),
      topicFaults,
      policies: this.#options.policies,
      quotas: this.quotas.states,
      breakers: this.#breakers,
      failures: this.#failures,
      retryAtMs: this.#retryAtMs,
      alreadyPublished: this.#alreadyPublished,
      discarded: this.#discarded,
      attemptsMax: this.#options.attemptsMax,
      eventsMax: this.#options.batchEventsMax,
      bytesMax: this.#options.batchBytesMax,
      isProbeTurn: !this.#wasProbe,
    });
    this.#wasProbe = plan.kind === "batch" && plan.isProbe;
    return plan;
  }

  /** What the plan writes of lanes and quotas. */
  changeOf(plan: Batch): LinesChange | null {
    const { changed, dropped } = plan;
    const quotas = this.quotas.changeOf(plan, BigInt(Math.floor(this.#heard.postgresMs)) * NS_A_MS);
    return changed.length === 0 && dropped.length === 0 && quotas === null ? null : { changed, dropped, quotas };
  }

  /**
   * The lines as they will be once the batch is published.
   * @param nextXid null where it is not known yet, and no lane changes
   */
  after(plan: Batch, { shares, reads }: LinesInput, nextXid: bigint | null): LinesState {
    const { lanes } = plan;
    // Settled before the next pages are chosen, which is while Kafka commits this batch; a batch that comes to nothing leaves
    // a turn behind that was none.
    const served = shares.map((share, index) => {
      const used = plan.used.get(share.lane) ?? 0;
      const { page } = reads[index]!;
      const isHeld = plan.held.some(({ filter }) => isSameFilter(filter, share.lane.filter));
      return { share, used, hasMore: plan.isFull || plan.isProbe || !page.isToEnd, isHeld };
    });
    this.#turns.took(served, plan.isFull);
    for (const filter of plan.dropped) this.#turns.forget(filter);
    if (nextXid === null) return { main: plan.cursor, lanes };
    for (const { filter, cursor, ...rest } of plan.changed) {
      lanes.set({ filter, cursor: withNextXid(cursor, nextXid), ...rest });
    }
    return { main: withNextXid(plan.cursor, nextXid), lanes };
  }

  /** Kafka has the batch. */
  published(plan: Batch, state: LinesState): void {
    this.state = state;
    this.quotas.published(plan);
    for (const { seq } of plan.passed) this.#alreadyPublished.delete(seq);
    for (const event of plan.events) this.#breakers.published(event);
    if (plan.events.length > 0) {
      const bytes = Math.max(1, bytesOf(plan.events) / plan.events.length);
      this.#eventBytes = this.#eventBytes === null ? bytes : this.#eventBytes + (bytes - this.#eventBytes) / 8;
    }
    if (this.#failures.size === 0) return;
    for (const { seq } of [...plan.events, ...plan.dead.map(({ event }) => event)]) {
      this.#failures.delete(seq);
      this.#retryAtMs.delete(seq);
    }
  }

  /** Nothing of the batch is in Kafka. Answers what is now known of the events that were refused. */
  refused(plan: Batch, faults: readonly { readonly seq: bigint; readonly error: string }[]): Failure[] {
    const { random, policies } = this.#options;
    const bySeq = new Map(plan.events.map((event) => [event.seq, event]));
    const blamed = new Set<string>();
    return faults.map((fault) => {
      const failure = nextFailure(this.#failures.get(fault.seq), fault, random());
      this.#failures.set(fault.seq, failure);
      this.#retryAtMs.set(fault.seq, this.#nowMs() + failure.retryInMs);
      const event = bySeq.get(fault.seq);
      const place = `${event?.topic}\n${event?.tenantId}`;
      // Refusals of one batch are one: a broker refuses a whole request, and its neighbours must not open a breaker. Nor
      // must one event alone, however often it is tried.
      if (event !== undefined && !blamed.has(place) && (failure.attempts === 1 || this.#breakers.isOpen(event))) {
        blamed.add(place);
        this.#breakers.refused(event, policies.of(event.tenantId).breaker, fault.error, this.#nowMs());
      }
      return failure;
    });
  }

  /** A dead letter was ruled on: the lane that stands before it passes it. */
  passOver(seq: bigint): void {
    this.#discarded.add(seq);
  }

  /** Somebody asked for an event that waits to be tried again. */
  retryNow(seq: bigint): void {
    if (this.#retryAtMs.has(seq)) this.#retryAtMs.set(seq, 0);
  }

  /** Until a lane may move, in ms; 0 where one may now, null where none will by itself. */
  nextDueMs(): number | null {
    let soonest: number | null = null;
    const now = this.#nowMs();
    for (const { resumeAtMs, reason } of this.state.lanes) {
      const sweep = reason === "paused" || reason === "quota" ? SWEEP_MS : null;
      const waitMs =
        resumeAtMs === null ? sweep : Math.min(Math.max(0, resumeAtMs - now), sweep ?? Number.POSITIVE_INFINITY);
      if (waitMs !== null && (soonest === null || waitMs < soonest)) soonest = waitMs;
    }
    return soonest;
  }

  /** Lanes that will be due within the time; all that are retried among them, since each attempt brings them nearer their end. */
  *dueWithin(ms: number): Iterable<Lane> {
    const until = this.#nowMs() + ms;
    for (const lane of this.state.lanes) {
      const { resumeAtMs, reason } = lane;
      if (resumeAtMs !== null && (resumeAtMs <= until || reason === "retry")) yield lane;
    }
  }

  #due(lanes: Lanes, nowNs: bigint): Lane[] {
    const nowMs = Number(nowNs / NS_A_MS);
    const isSweep = nowMs - this.#sweptMs >= SWEEP_MS;
    if (isSweep) this.#sweptMs = nowMs;
    const due: Lane[] = [];
    for (const lane of lanes) {
      if (lane.resumeAtMs !== null && lane.resumeAtMs <= nowMs) due.push(lane);
      else if (isSweep && this.#isFreed(lane, nowNs)) due.push(lane);
    }
    return due;
  }

  /** Whether what held the lane is no more: somebody resumed the tenant, or raised its quota. */
  #isFreed({ reason, filter: { tenantId } }: Lane, nowNs: bigint): boolean {
    const { policies } = this.#options;
    if (tenantId === null) return false;
    if (reason === "paused") return policies.pauseOf(tenantId) === null;
    if (reason !== "quota") return false;
    const { quota } = policies.of(tenantId);
    return (
      quota === null || askQuota(quota, this.quotas.states.get(tenantId) ?? NOTHING_USED, nowNs, 1).kind !== "wait"
    );
  }

  /**
   * How much of a lane is read for so many bytes of a batch: with room for small events, and for the one at which its quota
   * ends, but no more, since what is read of a lane and not sent is read again. What narrower lanes carry of it pays nothing.
   */
  #limitsOf({ filter }: Lane, bytes: number, lanes: Lanes, nowNs: bigint): PageLimits {
    const { policies, batchEventsMax } = this.#options;
    const { tenantId } = filter;
    const isOfQuota = tenantId !== null && (filter.topic !== null || lanes.narrowerOf(tenantId) === 0);
    const quota = isOfQuota ? policies.of(tenantId).quota : null;
    const room = roomOf(quota, this.quotas.states.get(tenantId ?? "") ?? NOTHING_USED, this.quotas.judgedNs(nowNs));
    const events = 1 + Math.ceil((2 * bytes) / (this.#eventBytes ?? EVENT_BYTES_GUESS));
    return {
      events: Math.min(batchEventsMax, events, room.events + 1),
      bytes: Math.min(Math.ceil(bytes), room.bytes + 1),
    };
  }

  #weightOf({ filter: { tenantId } }: Lane): number {
    return tenantId === null ? 1 : this.#options.policies.of(tenantId).weight;
  }

  #hear(nowNs: bigint): void {
    const postgresMs = Number(nowNs / NS_A_MS);
    // What a claim said as "from now" has a time from here on.
    if (this.#heard.postgresMs === 0) {
      for (const [seq, inMs] of this.#retryAtMs) this.#retryAtMs.set(seq, postgresMs + inMs);
    }
    this.#heard = { postgresMs, ownMs: this.#options.clock.monotonicMs() };
  }

  #nowMs(): number {
    return this.#heard.postgresMs + this.#options.clock.monotonicMs() - this.#heard.ownMs;
  }
}

function bytesOf(events: readonly OutboxEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The topics of all that may go. */
export function topicsOf({ page, reads }: LinesInput, jobRead: JobRead | null): ReadonlySet<string> {
  const topics = new Set<string>();
  let last: string | undefined;
  const add = (events: readonly OutboxEvent[]): void => {
    for (const { topic } of events) {
      if (topic !== last) topics.add(topic);
      last = topic;
    }
  };
  add(rowsOf(page));
  for (const read of reads) add(rowsOf(read.page));
  if (jobRead !== null) add(jobRead.page.rows.map(({ event }) => event));
  return topics;
}
