import type { OutboxEvent } from "../event/outbox-event.js";

/**
 * What a job does with an event that it asks for: publishes it once more, publishes a dead letter for the first time, rules
 * on a dead letter without publishing it, or sees to it that the lane which holds it moves now.
 */
export type JobAct = "replay" | "redrive" | "discard" | "wait";

export interface JobRow {
  readonly act: JobAct;
  readonly event: OutboxEvent;
}

/** What a job asks for next, in the order of the log. */
export interface JobPage {
  readonly rows: readonly JobRow[];
  /** The seq up to which the job is through once it has dealt with all rows. */
  readonly position: bigint;
  readonly isToEnd: boolean;
}

/** How many events a job has dealt with in a shard since its start. */
export interface JobCounts {
  readonly replayed: number;
  readonly redriven: number;
  readonly discarded: number;
  /** Found in a lane, and left to it. */
  readonly waiting: number;
  /** Refused by Kafka, or by the tenant's policy. */
  readonly failed: number;
}

/** A job that has not ended in a shard, as far as the promoted batches took it. */
export interface OpenJob {
  readonly jobId: string;
  /** The shard's part of the job's rate cap; null: none. */
  readonly eventsPerSecond: number | null;
  /** The seq up to which it is through. */
  readonly position: bigint;
  readonly counts: JobCounts;
  readonly lastError: string | null;
}

/** What a batch makes of a job: laid down with the plan, and stands or falls with it. */
export interface JobStep {
  readonly jobId: string;
  readonly position: bigint;
  readonly counts: JobCounts;
  readonly lastError: string | null;
  readonly isEnd: boolean;
  /** Dead letters that are dead no more: published with the batch, or by the lane that holds them. */
  readonly redriven: readonly bigint[];
  /** Dead letters that wait for nobody any more. */
  readonly discarded: readonly bigint[];
}
