import type { Lease } from "./store.js";

/** What deletes published events once they are old enough. */
export interface Retention {
  /**
   * Lets go what was published so long ago. False: the lease no longer stands.
   * @throws SIDING_STORE_*
   */
  raiseFloor(lease: Lease, retentionMs: number): Promise<boolean>;
  /**
   * Deletes what was let go and what nothing needs any more, from a seq on, looking at so many rows at most. next is the
   * seq to go on behind, null at the end. Null: the lease no longer stands.
   * @throws SIDING_STORE_*
   */
  trim(lease: Lease, behind: bigint, rowsMax: number): Promise<{ deleted: number; next: bigint | null } | null>;
}
