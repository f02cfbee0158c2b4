/** Everything that a run of many schedules must have gone through; one that never occurs protects nothing. */
export const OCCURRENCES = [
  "crash",
  "pause",
  "pause-past-lease",
  "graceful-stop",
  "relay-joins",
  "takeover",
  "request-lost",
  "answer-lost",
  "effect-after-time-out",
  "postgres-restart",
  "coordinator-moved",
  "fenced-in-postgres",
  "fenced-in-kafka",
  "fenced-transaction-aborted",
  "transaction-timed-out",
  "commit-asked-again",
  "commit-unknown",
  "commit-behind-a-dead-relay",
  "unstable-offset-waited-for",
  "aborted-batch",
  "way-changed",
  "batch-returned",
  "genesis",
  "promoted-by-prepare",
  "promoted-when-idle",
  "promoted-by-recovery",
  "discarded-by-recovery",
  "discarded-after-refusal",
  "late-page",
  "window-page",
  "page-cut-by-bytes",
  "page-skimmed",
  "page-skimmed-to-end",
  "rolled-back-transaction",
  "seq-against-xid-order",
  "waited-for-lock",
  "refused-event",
  "neighbour-blamed",
  "dead-letter",
  "dead-letter-taken-back",
  "lane-page",
  "lane-late-page",
  "lane-window-page",
  "lane-quota",
  "lane-fair-share",
  "lane-paused",
  "lane-breaker",
  "lane-retry",
  "job",
  "job-cancelled",
  "job-replayed",
  "job-redriven",
  "job-discarded",
  "job-event-refused",
  "job-freed-a-lane",
  "topic-missing",
  "topic-vanished-in-batch",
] as const;

export type Occurrence = (typeof OCCURRENCES)[number];

/** How often each occurred. Counts of several schedules are added up. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  note(occurrence: Occurrence): void {
    this.#counts.set(occurrence, (this.#counts.get(occurrence) ?? 0) + 1);
  }

  add(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  counts(): Record<Occurrence, number> {
    return Object.fromEntries(OCCURRENCES.map((name) => [name, this.#counts.get(name) ?? 0])) as Record<
      Occurrence,
      number
    >;
  }
}
