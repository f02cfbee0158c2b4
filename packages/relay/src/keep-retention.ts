import { knownError } from "@siding/core/errors.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Retention } from "@siding/core/ports/retention.js";
import type { Lease } from "@siding/core/ports/store.js";
import type { RelayObserver } from "./relay-observer.js";

/** Rows that one step looks at: some ten milliseconds of Postgres, so that nothing waits behind it. */
const STEP_ROWS = 2_000;
/** Between two steps: 20,000 rows a second for a shard, above what it publishes for long. */
const STEP_REST_MS = 100;
/** Between two rounds, where the one before found its end; less where retention is short. */
const ROUND_REST_MS = 60_000;
/** After an error. */
const RETRY_MS = 15_000;

export interface RetentionOptions {
  readonly retention: Retention;
  /** For so long after its publication an event is kept. */
  readonly retentionMs: number;
}

/**
 * Deletes the published events of one shard when they are old enough, and ended jobs, slowly, for as long as the lease
 * stands. A round begins at the log's start: what lies there still is what something needed the last time, such as a
 * dead letter.
 */
export async function keepRetention(
  { retention, retentionMs }: RetentionOptions,
  { clock, observer }: { readonly clock: Clock; readonly observer: RelayObserver },
  lease: Lease,
  signal: AbortSignalLike,
): Promise<void> {
  const roundRestMs = Math.min(ROUND_REST_MS, Math.max(500, retentionMs / 4));
  let behind: bigint | null = null;
  while (!signal.aborted) {
    try {
      if (behind === null) {
        if (!(await retention.raiseFloor(lease, retentionMs))) return;
        await retention.forgetJobs(lease, retentionMs);
      }
      const step = await retention.trim(lease, { retentionMs, behind: behind ?? 0n, rowsMax: STEP_ROWS });
      if (step === null) return;
      behind = step.next;
      await clock.sleep(behind === null ? roundRestMs : STEP_REST_MS, signal);
    } catch (error) {
      // Publishing never ends for it: the main line finds out by itself what stands in its way too.
      observer.retrying(lease.shard, knownError(error, "retention"), RETRY_MS);
      await clock.sleep(RETRY_MS, signal);
    }
  }
}
