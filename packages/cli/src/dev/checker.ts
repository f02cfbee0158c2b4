import { type ArrivedRecord, type ExpectedEvent, headerOf, RUN_HEADER } from "./expected-event.js";
import { inspectRecord } from "./inspect-record.js";
import { RecentIds } from "./recent-ids.js";

export const PROBLEM_KINDS = ["missing", "duplicated", "disordered", "unexpected", "malformed"] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** The event's id; for a key whose count does not come out, the key. */
  readonly subject: string;
  readonly what: string;
}

/** An event of this run that arrived for the first time. */
export interface Arrival {
  readonly tenantId: string;
  readonly createdAtUnixMs: number;
  /** When the application sent COMMIT; null where it never did. */
  readonly commitSentAtMs: number | null;
}

interface Tracked {
  readonly expected: ExpectedEvent;
  state: "open" | "committing" | "committed";
  commitSentAtMs: number | null;
  hasArrived: boolean;
}

interface Stream {
  committed: number;
  lastArrived: number;
}

const REMEMBERED_IDS = 500_000;
const REMEMBERED_PROBLEMS = 20;

/**
 * Compares what the application committed with what a consumer read: every committed event once, in order within its
 * key, as promised in form, and nothing else. Told of every step in the order in which the application takes it.
 */
export class Checker {
  readonly #run: string;
  readonly #deployment: string;
  /** Every event that has not both been committed and arrived. */
  readonly #tracked = new Map<string, Tracked>();
  readonly #done = new RecentIds(REMEMBERED_IDS);
  readonly #rolledBackIds = new RecentIds(REMEMBERED_IDS);
  readonly #streams = new Map<string, Stream>();
  readonly #counts = new Map<ProblemKind, number>();
  readonly #problems: Problem[] = [];
  #committed = 0;
  #arrived = 0;
  #rolledBack = 0;

  /** @param run the value of {@link RUN_HEADER} on this run's events */
  constructor(run: string, deployment: string) {
    this.#run = run;
    this.#deployment = deployment;
  }

  /** Enqueued, in a transaction that has not ended. */
  opened(expected: ExpectedEvent): void {
    this.#tracked.set(expected.eventId, { expected, state: "open", commitSentAtMs: null, hasArrived: false });
  }

  /** COMMIT is about to be sent: from here on the event may arrive. */
  committing(eventIds: readonly string[], nowMs: number): void {
    for (const tracked of this.#each(eventIds)) {
      tracked.state = "committing";
      tracked.commitSentAtMs = nowMs;
    }
  }

  committed(eventIds: readonly string[]): void {
    for (const tracked of this.#each(eventIds)) {
      tracked.state = "committed";
      this.#committed += 1;
      const stream = this.#streamOf(tracked.expected);
      if (stream !== null) stream.committed += 1;
      if (tracked.hasArrived) this.#settle(tracked.expected.eventId);
    }
  }

  /** Its transaction, or its savepoint, was rolled back: it must never arrive. */
  rolledBack(eventIds: readonly string[]): void {
    for (const { expected, state, hasArrived } of this.#each(eventIds)) {
      this.#rolledBack += 1;
      this.#rolledBackIds.add(expected.eventId);
      this.#tracked.delete(expected.eventId);
      // One that arrived while it was open has been reported by then.
      if (hasArrived && state === "committing")
        this.#report("unexpected", expected.eventId, "it was rolled back, and arrived");
    }
  }

  /** Answers null for a record of somebody else's, and for one that should not have come. */
  arrived(record: ArrivedRecord): Arrival | null {
    if (headerOf(record, RUN_HEADER) !== this.#run) return null;
    const eventId = headerOf(record, "event-id") ?? "(no event-id)";
    const tracked = this.#tracked.get(eventId);
    if (this.#done.has(eventId) || tracked?.hasArrived === true) {
      this.#report("duplicated", eventId, `it arrived once more, in ${record.topic}`);
      return null;
    }
    if (tracked === undefined) {
      const known = this.#rolledBackIds.has(eventId)
        ? "it was rolled back, and arrived"
        : "nobody committed this event";
      this.#report("unexpected", eventId, known);
      return null;
    }
    if (tracked.state === "open")
      this.#report("unexpected", eventId, "it arrived before its transaction was committed");
    tracked.hasArrived = true;
    this.#arrived += 1;
    this.#checkOrder(tracked.expected);
    const faults = inspectRecord(record, tracked.expected, this.#deployment);
    if (faults.length > 0) this.#report("malformed", eventId, faults.join("; "));
    if (tracked.state === "committed") this.#settle(eventId);
    return {
      tenantId: tracked.expected.tenantId,
      createdAtUnixMs: Date.parse(headerOf(record, "event-created-at") ?? ""),
      commitSentAtMs: tracked.commitSentAtMs,
    };
  }

  /** The application was told something else than it had to be told, such as a second id for one dedupe key. */
  wronglyAnswered(eventId: string, what: string): void {
    this.#report("unexpected", eventId, what);
  }

  /**
   * The witness beside this bookkeeping: the business row, changed in the same transactions, has its own count of the
   * events of each key.
   */
  checkAgainstTable(stream: Pick<ExpectedEvent, "tenantId" | "topic" | "key">, version: number): void {
    const committed = this.#streams.get(streamName(stream))?.committed ?? 0;
    if (committed === version) return;
    const what = `its row counts ${version} committed events, the application was told of ${committed}`;
    this.#report("unexpected", `key ${stream.key} of ${stream.tenantId} in ${stream.topic}`, what);
  }

  /** Judges everything that is still waited for: it is missing. Call it when nothing more can come. */
  judgeMissing(): void {
    for (const [eventId, { expected, state }] of this.#tracked) {
      if (state !== "committed") continue;
      const place = `${expected.topic}, key ${expected.key ?? "none"}`;
      this.#report("missing", eventId, `committed by ${expected.tenantId} for ${place}, and never arrived`);
    }
  }

  get committedEvents(): number {
    return this.#committed;
  }

  get arrivedEvents(): number {
    return this.#arrived;
  }

  get rolledBackEvents(): number {
    return this.#rolledBack;
  }

  /** Committed and not arrived yet. */
  get waitingEvents(): number {
    let waiting = 0;
    for (const { state } of this.#tracked.values()) if (state === "committed") waiting += 1;
    return waiting;
  }

  /** When COMMIT was sent for the event that is waited for the longest; null when none is. */
  get oldestWaitingSinceMs(): number | null {
    let oldest: number | null = null;
    for (const { state, commitSentAtMs } of this.#tracked.values()) {
      if (state === "committed" && commitSentAtMs !== null) oldest = Math.min(oldest ?? commitSentAtMs, commitSentAtMs);
    }
    return oldest;
  }

  count(kind: ProblemKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** The first few, in the order in which they were found. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  #checkOrder(expected: ExpectedEvent): void {
    const stream = this.#streamOf(expected);
    if (stream === null || expected.version === null) return;
    if (expected.version > stream.lastArrived) {
      stream.lastArrived = expected.version;
      return;
    }
    const what = `number ${expected.version} of key ${expected.key} arrived after number ${stream.lastArrived}`;
    this.#report("disordered", expected.eventId, what);
  }

  #settle(eventId: string): void {
    this.#tracked.delete(eventId);
    this.#done.add(eventId);
  }

  *#each(eventIds: readonly string[]): Generator<Tracked> {
    for (const eventId of eventIds) {
      const tracked = this.#tracked.get(eventId);
      if (tracked !== undefined) yield tracked;
    }
  }

  #streamOf(expected: ExpectedEvent): Stream | null {
    if (expected.key === null) return null;
    const name = streamName(expected);
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { committed: 0, lastArrived: 0 };
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #report(kind: ProblemKind, subject: string, what: string): void {
    this.#counts.set(kind, this.count(kind) + 1);
    if (this.#problems.length < REMEMBERED_PROBLEMS) this.#problems.push({ kind, subject, what });
  }
}

function streamName({ tenantId, topic, key }: Pick<ExpectedEvent, "tenantId" | "topic" | "key">): string {
  return JSON.stringify([tenantId, topic, key]);
}
