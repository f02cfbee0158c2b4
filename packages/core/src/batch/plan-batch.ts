import type { Cursor } from "../cursor/cursor.js";
import { advance, type Page, rowsOf } from "../cursor/page.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { Failure } from "../retry/failure.js";

export interface PlanInput {
  readonly cursor: Cursor;
  readonly page: Page<OutboxEvent>;
  /** Topics that cannot be published to now, with the reason. */
  readonly topicFaults: ReadonlyMap<string, string>;
  /** Events that were refused before, by seq. */
  readonly failures: ReadonlyMap<bigint, Failure>;
  /** Events that a recovery found to be in Kafka already, by seq: consumed without being published. */
  readonly alreadyPublished: ReadonlySet<bigint>;
  /** When each of those may be tried again, on the same clock as nowMs. */
  readonly retryAtMs: ReadonlyMap<bigint, number>;
  readonly nowMs: number;
  readonly attemptsMax: number;
}

/** An event that has used up its attempts. */
export interface DeadLetter {
  readonly event: OutboxEvent;
  readonly failure: Failure;
}

/** What one batch does. */
export interface Batch {
  readonly kind: "batch";
  readonly events: readonly OutboxEvent[];
  readonly dead: readonly DeadLetter[];
  /** What the batch passes because Kafka has it already. */
  readonly passed: readonly OutboxEvent[];
  readonly cursor: Cursor;
  /** Whether the batch took the page to its end: then, and only then, what was read ahead follows on it. */
  readonly whole: boolean;
}

/** What the shard does next with a page. */
export type BatchPlan =
  | Batch
  /** Nothing to publish. isEnd: there is nothing behind the cursor either; else a window has closed, and more may follow. */
  | { readonly kind: "empty"; readonly cursor: Cursor; readonly isEnd: boolean }
  | { readonly kind: "wait-for-topic"; readonly topic: string; readonly reason: string }
  | { readonly kind: "wait-for-retry"; readonly seq: bigint; readonly waitMs: number };

/**
 * Decides the next batch of a shard: the longest run of the page, from its start, that may go now.
 * Order is kept by never passing an event that must wait. An event that has used up its attempts is consumed by the
 * batch without being published: it is laid down as a dead letter with the same plan.
 */
export function planBatch(input: PlanInput): BatchPlan {
  const { cursor, page, topicFaults, failures, alreadyPublished } = input;
  const rows = rowsOf(page);
  if (rows.length === 0) return { kind: "empty", cursor: advance(cursor, page, 0), isEnd: cursor.form === "plain" };

  // The common page has nothing amiss: it goes as it is, without a look at each event.
  if (topicFaults.size === 0 && failures.size === 0 && alreadyPublished.size === 0) {
    const end = advance(cursor, page, rows.length);
    return { kind: "batch", events: rows, dead: [], passed: [], cursor: end, whole: true };
  }

  const events: OutboxEvent[] = [];
  const dead: DeadLetter[] = [];
  const passed: OutboxEvent[] = [];
  let taken = 0;
  for (const row of rows) {
    if (alreadyPublished.has(row.seq)) {
      passed.push(row);
      taken += 1;
      continue;
    }
    const failure = failures.get(row.seq);
    if (failure !== undefined && failure.attempts >= input.attemptsMax) {
      dead.push({ event: row, failure });
      taken += 1;
      continue;
    }
    const reason = topicFaults.get(row.topic);
    if (reason !== undefined) {
      if (taken === 0) return { kind: "wait-for-topic", topic: row.topic, reason };
      break;
    }
    if (failure === undefined) {
      events.push(row);
      taken += 1;
      continue;
    }
    const waitMs = (input.retryAtMs.get(row.seq) ?? 0) - input.nowMs;
    if (waitMs > 0) {
      if (taken === 0) return { kind: "wait-for-retry", seq: row.seq, waitMs };
      break;
    }
    // Alone in its batch: whatever happens to it happens to nobody else, and the verdict on it is its own.
    if (taken === 0) {
      events.push({ ...row, attempts: failure.attempts });
      taken = 1;
    }
    break;
  }
  return { kind: "batch", events, dead, passed, cursor: advance(cursor, page, taken), whole: taken === rows.length };
}
