import type { Cursor } from "@siding/core/cursor/cursor.js";
import { SidingError } from "@siding/core/errors.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import type { ShardRecord, Store } from "@siding/core/ports/store.js";
import { settle } from "@siding/core/recovery/settle.js";

/** Brokers expire the offsets of a quiet group after seven days by default (design §4). */
const RENEW_AFTER_MS = 24 * 3_600_000;

/** Where the shard's main line stands once the past is settled. */
export interface ShardStart {
  readonly cursor: Cursor;
  readonly lastBatch: bigint;
}

/**
 * Settles what an owner before this one left open: Postgres holds the plan, Kafka the verdict (design §4).
 * The publisher was opened after the epoch was raised, so nobody else can commit to either system any more.
 * @throws SIDING_PROGRESS_UNKNOWN, SIDING_PROGRESS_LOST when the two fit no common history: the shard halts
 */
export async function recoverShard(store: Store, publisher: ShardPublisher, record: ShardRecord): Promise<ShardStart> {
  const { lease, plan, promotedBatch, lastBatch } = record;
  const verdict = settle({
    promotedBatch,
    plannedBatch: plan?.batch ?? null,
    genesisDone: record.progressAgeMs !== null,
    committedBatch: await publisher.committedBatch(),
  });
  switch (verdict.kind) {
    case "genesis":
      await publisher.commitNumber(promotedBatch);
      mustHold(await store.markProgress(lease), record);
      return { cursor: record.cursor, lastBatch };
    case "renew":
      await publisher.commitNumber(verdict.batch);
      mustHold(await store.markProgress(lease), record);
      return { cursor: record.cursor, lastBatch };
    case "settled":
      if (record.progressAgeMs === null || record.progressAgeMs > RENEW_AFTER_MS) {
        await publisher.commitNumber(promotedBatch);
        mustHold(await store.markProgress(lease), record);
      }
      return { cursor: record.cursor, lastBatch };
    case "promote":
      mustHold(await store.promote(lease, verdict.batch), record);
      return { cursor: plan!.cursor, lastBatch };
    case "discard":
      mustHold(await store.discard(lease, verdict.batch), record);
      return { cursor: record.cursor, lastBatch };
    case "halt": {
      const reason = `shard ${lease.shard}: ${verdict.reason}`;
      // A record that went out of date between claim and open fits no history either: who holds the shard no longer
      // must not halt it, and who does is asked again by whatever comes after an error that passes.
      mustHold(await store.reportHalt(lease, reason), record);
      throw new SidingError(verdict.code, reason);
    }
  }
}

function mustHold(isHeld: boolean, record: ShardRecord): void {
  if (!isHeld)
    throw new SidingError("SIDING_FENCED", `shard ${record.lease.shard}: epoch ${record.lease.epoch} has passed`);
}
