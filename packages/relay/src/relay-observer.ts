import type { SidingError } from "@siding/core/errors.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { JobTake } from "@siding/core/job/take-of-job.js";
import type { Lane } from "@siding/core/lane/lane.js";
import type { Hold } from "@siding/core/lane/plan-lines.js";
import type { QuotaUse } from "@siding/core/quota/quota.js";
import type { Failure } from "@siding/core/retry/failure.js";

export type ShardState = "starting" | "publishing" | "idle" | "waiting-for-broker" | "waiting-for-store" | "halted";

/** What happens in a relay, told to whoever logs and counts. It decides nothing. */
export interface RelayObserver {
  shardState(shard: number, state: ShardState, detail?: string): void;
  shardTaken(shard: number, epoch: bigint): void;
  shardLost(shard: number, reason: string): void;
  shardReleased(shard: number): void;
  /** An operator has settled it: some relay takes it up again. */
  haltEnded(shard: number): void;
  /** Kafka has the batch. */
  batchCommitted(shard: number, batch: bigint, events: readonly OutboxEvent[], nowUnixMs: number): void;
  /** Kafka has what a batch did for a job. */
  jobMoved(shard: number, take: JobTake): void;
  /** A batch has held back what the filter names. */
  held(shard: number, hold: Hold): void;
  /** The shard's lanes as they stand now. */
  lanesChanged(shard: number, lanes: Iterable<Lane>): void;
  /**
   * A batch has used some of a tenant's quota.
   * @param warnAt share of the burst from which on an operator is warned
   */
  quotaUsed(tenantId: string, use: QuotaUse, warnAt: number): void;
  eventDead(shard: number, event: OutboxEvent, failure: Failure): void;
  eventRefused(shard: number, failure: Failure): void;
  step(step: "read" | "prepare" | "publish" | "promote", ms: number): void;
  /** Something failed that goes on by itself after the wait. */
  retrying(shard: number | null, error: SidingError, waitMs: number): void;
}
