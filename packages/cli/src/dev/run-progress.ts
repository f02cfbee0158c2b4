import { type Arrival, type Checker, PROBLEM_KINDS, type ProblemKind } from "./checker.js";
import { LatencyHistogram } from "./latency-histogram.js";

/** Median and 99th percentile; null while nothing has arrived. */
export interface LatencySummary {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What a view shows at one moment. */
export interface ProgressSnapshot {
  readonly elapsedMs: number;
  readonly arrived: number;
  readonly waiting: number;
  /** How long the longest-waiting event has been committed; null when none waits. */
  readonly oldestWaitingMs: number | null;
  readonly rolledBack: number;
  readonly problems: Readonly<Record<ProblemKind, number>>;
  /** Over the last few seconds, as are the latency and the tenants' rates. */
  readonly eventsPerSecond: number;
  readonly latency: LatencySummary;
  /** The busiest first. */
  readonly tenants: readonly { readonly tenantId: string; readonly eventsPerSecond: number }[];
}

interface Slice {
  readonly fromMs: number;
  readonly latency: LatencyHistogram;
  readonly byTenant: Map<string, number>;
  events: number;
}

const SLICE_MS = 3_000;

/** Counts arrivals over time: for the whole run, and for the slice of it that a view shows. */
export class RunProgress {
  /** From the moment the event was enqueued, by Postgres' clock, to the consumer. */
  readonly fromEnqueue = new LatencyHistogram();
  /** From the moment COMMIT was sent: without the time for which the application kept its transaction open. */
  readonly fromCommit = new LatencyHistogram();
  lastArrivalMs = 0;
  readonly #checker: Checker;
  #beganMs = 0;
  #current = newSlice(0);
  #before = this.#current;

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  /** Enqueueing begins. */
  begin(nowMs: number): void {
    this.#beganMs = nowMs;
    this.#current = newSlice(nowMs);
    this.#before = this.#current;
  }

  arrived(arrival: Arrival, nowMs: number, nowUnixMs: number): void {
    this.#turn(nowMs);
    this.lastArrivalMs = nowMs;
    const latencyMs = Math.max(0, nowUnixMs - arrival.createdAtUnixMs);
    this.fromEnqueue.record(latencyMs);
    if (arrival.commitSentAtMs !== null) this.fromCommit.record(nowMs - arrival.commitSentAtMs);
    const { latency, byTenant } = this.#current;
    latency.record(latencyMs);
    byTenant.set(arrival.tenantId, (byTenant.get(arrival.tenantId) ?? 0) + 1);
    this.#current.events += 1;
  }

  elapsedMs(nowMs: number): number {
    return nowMs - this.#beganMs;
  }

  snapshot(nowMs: number): ProgressSnapshot {
    this.#turn(nowMs);
    const checker = this.#checker;
    const oldest = checker.oldestWaitingSinceMs;
    const slices = this.#before === this.#current ? [this.#current] : [this.#before, this.#current];
    const seconds = Math.max(0.25, (nowMs - slices[0]!.fromMs) / 1000);
    const byTenant = new Map<string, number>();
    for (const slice of slices) {
      for (const [tenantId, events] of slice.byTenant) byTenant.set(tenantId, (byTenant.get(tenantId) ?? 0) + events);
    }
    // The slice before, once there is one: the one under way may have begun a moment ago.
    const { latency } = slices[0]!;
    return {
      elapsedMs: this.elapsedMs(nowMs),
      arrived: checker.arrivedEvents,
      waiting: checker.waitingEvents,
      oldestWaitingMs: oldest === null ? null : nowMs - oldest,
      rolledBack: checker.rolledBackEvents,
      problems: problemCounts(checker),
      eventsPerSecond: slices.reduce((sum, { events }) => sum + events, 0) / seconds,
      latency: summarize(latency),
      tenants: [...byTenant]
        .map(([tenantId, events]) => ({ tenantId, eventsPerSecond: events / seconds }))
        .sort((a, b) => b.eventsPerSecond - a.eventsPerSecond),
    };
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#current.fromMs < SLICE_MS) return;
    this.#before = this.#current;
    this.#current = newSlice(nowMs);
  }
}

export function summarize(histogram: LatencyHistogram): LatencySummary {
  return { p50Ms: histogram.quantileMs(0.5), p99Ms: histogram.quantileMs(0.99) };
}

export function problemCounts(checker: Checker): Record<ProblemKind, number> {
  return Object.fromEntries(PROBLEM_KINDS.map((kind) => [kind, checker.count(kind)])) as Record<ProblemKind, number>;
}

function newSlice(fromMs: number): Slice {
  return { fromMs, latency: new LatencyHistogram(), byTenant: new Map(), events: 0 };
}
