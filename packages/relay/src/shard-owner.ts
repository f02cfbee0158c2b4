import { type ErrorCode, knownError, type SidingError } from "@siding/core/errors.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Lease, ShardRecord } from "@siding/core/ports/store.js";
import { checkIdentity } from "./check-identity.js";
import type { DueWatch } from "./due-watch.js";
import { keepRetention } from "./keep-retention.js";
import { MainLine } from "./main-line.js";
import { recoverShard, type ShardStart } from "./recover-shard.js";
import type { RelayOptions } from "./relay-options.js";

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

/** How a shard's ownership ended. */
export type OwnershipEnd =
  | { readonly kind: "released" }
  | { readonly kind: "lost" }
  /** Postgres and Kafka fit no common history for this shard; the store says so too. */
  | { readonly kind: "halted"; readonly error: SidingError };

const HALTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["SIDING_PROGRESS_UNKNOWN", "SIDING_PROGRESS_LOST"]);

/**
 * Owns one shard: opens it in Kafka, settles what was left open, runs its main line. After an error that passes, all of
 * it is done again from the claim on, so that the epoch rises and nothing of before can still take effect.
 */
export async function ownShard(
  options: RelayOptions,
  watch: DueWatch,
  first: ShardRecord,
  signal: AbortSignalLike,
): Promise<OwnershipEnd> {
  const { store, clock, observer, identity, leaseMs } = options;
  const { shard } = first.lease;
  let record: ShardRecord | null = first;
  let waitMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    let publisher: ShardPublisher | null = null;
    try {
      record ??= await store.claim(shard, identity.relayId, leaseMs);
      if (record === null) {
        observer.shardLost(shard, "another relay holds it");
        return { kind: "lost" };
      }
      observer.shardState(shard, "starting");
      // The lease is bound to this run of the server, so what is asked now holds for as long as it does.
      await checkIdentity(options);
      publisher = await options.publisher.open(shard);
      const start = await startOf(options, publisher, record);
      const lines = await store.readLines(shard);
      observer.shardTaken(shard, record.lease.epoch);
      waitMs = RETRY_FIRST_MS;
      await runBesideRetention(options, record.lease, signal, () =>
        new MainLine(options, watch, publisher!, record!, start, lines).run(signal),
      );
      await publisher.close();
      await store.release(record.lease);
      observer.shardReleased(shard);
      return { kind: "released" };
    } catch (error) {
      await publisher?.close();
      const known = knownError(error, `shard ${shard}`);
      if (known.code === "SIDING_FENCED") {
        // The epoch says whether the shard is still this relay's: a claim that fails ends the ownership.
        observer.shardLost(shard, known.message);
        if (record !== null && !(await isStillOwn(options, shard))) return { kind: "lost" };
      } else if (HALTS.has(known.code)) {
        return { kind: "halted", error: known };
      } else if (known.retry === "never") {
        throw known;
      }
      observer.shardState(shard, known.code.startsWith("SIDING_STORE") ? "waiting-for-store" : "waiting-for-broker");
      observer.retrying(shard, known, waitMs);
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(RETRY_MAX_MS, waitMs * 2);
      record = null;
    }
  }
  // A lease that an error left behind is found by the next heartbeat, which gives it back.
  observer.shardReleased(shard);
  return { kind: "released" };
}

/** Retention serves for as long as the shard is published, and never ends it. */
async function runBesideRetention(
  options: RelayOptions,
  lease: Lease,
  signal: AbortSignalLike,
  publish: () => Promise<void>,
): Promise<void> {
  const { retention } = options;
  // With untilEmpty a relay is there to publish what is due, and ends.
  if (retention === null || options.untilEmpty) return await publish();
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop, { once: true });
  // Not waited for: a step under way when the shard is given back checks the epoch, as every write does.
  void keepRetention(retention, options, lease, over.signal as AbortSignalLike);
  try {
    await publish();
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

async function startOf(options: RelayOptions, publisher: ShardPublisher, record: ShardRecord): Promise<ShardStart> {
  // Without numbers in Kafka there is nothing to ask: a plan left open is dropped by the first advance.
  if (options.delivery === "at-least-once") {
    const { cursor, lastBatch, promotedBatch } = record;
    return { cursor, lastBatch, promotedBatch, progressAgeMs: 0 };
  }
  return recoverShard(options.store, publisher, record);
}

async function isStillOwn(options: RelayOptions, shard: number): Promise<boolean> {
  const beat = await options.store.beat(options.identity, options.leaseMs).catch(() => null);
  return beat === null || beat.held.some((lease) => lease.shard === shard);
}
