import type { Lease } from "./store.js";

export interface TrimStep {
  /** For so long after its publication an event is kept. */
  readonly retentionMs: number;
  /** The seq behind which to begin. */
  readonly behind: bigint;
  /** Rows to look at. */
  readonly rowsMax: number;
}

/** What deletes published events once they are old enough. */
export interface Retention {
  /**
   * Notes how far the shard is now and lets go what was published so long ago. False: the lease no longer stands.
   * @throws SIDING_STORE_*
   */
  raiseFloor(lease: Lease, retentionMs: number): Promise<boolean>;
  /**
   * Forgets jobs that ended so long ago; with a lease that no longer stands, none.
   * @throws SIDING_STORE_*
   */
  forgetJobs(lease: Lease, retentionMs: number): Promise<void>;
  /**
   * Deletes what was let go and what nothing needs any more. next is the seq to go on behind, null at the end. Null: the
   * lease no longer stands.
   * @throws SIDING_STORE_*
   */
  trim(lease: Lease, step: TrimStep): Promise<{ readonly deleted: number; readonly next: bigint | null } | null>;
}
