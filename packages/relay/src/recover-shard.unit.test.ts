import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import type { ShardRecord, Store } from "@siding/core/ports/store.js";
import { describe, expect, test } from "vitest";
import { recoverShard } from "./recover-shard.js";

/** As claimed at epoch 5: batch 31 promoted, batch 32 open. */
const record = {
  lease: { shard: 2, epoch: 5n },
  promotedBatch: 31n,
  lastBatch: 32n,
  plan: { batch: 32n, cursor: {} },
  progressAgeMs: 0,
} as unknown as ShardRecord;
const kafkaHolds34 = { committedBatch: async () => 34n } as unknown as ShardPublisher;

function storeAtEpoch(epoch: bigint): Store {
  return { reportHalt: async (lease: { epoch: bigint }) => lease.epoch === epoch } as unknown as Store;
}

describe("a number in Kafka that fits no history of what was claimed", () => {
  test("halts the shard while the claim stands", async () => {
    await expect(recoverShard(storeAtEpoch(5n), kafkaHolds34, record)).rejects.toMatchObject({
      code: "SIDING_PROGRESS_UNKNOWN",
    });
  });

  test("is a later owner's progress once another relay has claimed the shard", async () => {
    await expect(recoverShard(storeAtEpoch(6n), kafkaHolds34, record)).rejects.toMatchObject({ code: "SIDING_FENCED" });
  });
});
