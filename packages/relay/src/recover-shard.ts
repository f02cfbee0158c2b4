import type { Cursor } from "@siding/core/cursor/cursor.js";
import { SidingError } from "@siding/core/errors.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import type { ShardRecord, Store } from "@siding/core/ports/store.js";
import { settle } from "@siding/core/recovery/settle.js";
import { fenced } from "./fenced.js";

/** Where the shard's main line stands once the past is settled. */
export interface ShardStart {
  readonly cursor: Cursor;
  readonly lastBatch: bigint;
  /** The number that Kafka holds. */
  readonly promotedBatch: bigint;
  /** Age of the last time that Kafka took a number of this shard. */
  readonly progressAgeMs: number;
}

/**
 * Settles what an owner before this one left open: Postgres holds the plan, Kafka the verdict (design §4).
 * The publisher was opened after the epoch was raised, so nobody else can commit to either system any more.
 * @throws SIDING_PROGRESS_UNKNOWN, SIDING_PROGRESS_LOST when the two fit no common history: the shard is halted
 * @throws SIDING_FENCED when another relay has claimed the shard since
 */
export async function recoverShard(store: Store, publisher: ShardPublisher, record: ShardRecord): Promise<ShardStart> {
  const { lease, plan, promotedBatch, lastBatch } = record;
  const verdict = settle({
    shard: lease.shard,
    promotedBatch,
    plannedBatch: plan?.batch ?? null,
    progressAgeMs: record.progressAgeMs,
    committedBatch: await publisher.committedBatch(),
  });
  const start = { cursor: record.cursor, lastBatch, promotedBatch, progressAgeMs: 0 };
  switch (verdict.kind) {
    case "genesis":
      await publisher.commitNumber(promotedBatch);
      mustHold(await store.markProgress(lease), record);
      return start;
    case "settled":
      return { ...start, progressAgeMs: record.progressAgeMs ?? Number.POSITIVE_INFINITY };
    case "promote":
      mustHold(await store.promote(lease, verdict.batch), record);
      return { ...start, cursor: plan!.cursor, promotedBatch: verdict.batch };
    case "discard":
      mustHold(await store.discard(lease, verdict.batch), record);
      return { ...start, progressAgeMs: record.progressAgeMs ?? Number.POSITIVE_INFINITY };
    case "halt":
      // A relay that stood still since its claim compares an old record with what a later owner committed: only while
      // its epoch stands is the difference between the two systems, and not between then and now.
      mustHold(await store.reportHalt(lease, verdict.reason), record);
      throw new SidingError(verdict.code, verdict.reason);
  }
}

function mustHold(isHeld: boolean, record: ShardRecord): void {
  if (!isHeld) throw fenced(record.lease);
}
