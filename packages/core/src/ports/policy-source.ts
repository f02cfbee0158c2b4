import type { Policy } from "../policy/policy.js";
import type { Admission } from "../policy/settle-policy.js";
import type { Pause } from "../policy/tenant-policy.js";

/** All policies, pauses and gates, as one moment saw them. */
export interface PolicyBook {
  /** Differs whenever any of it was changed. */
  readonly version: bigint;
  readonly policies: readonly Policy[];
  readonly pauses: ReadonlyMap<string, Pause>;
  /** What `siding.enqueue` holds tenants to now; a tenant without an entry may enqueue without limit. */
  readonly gates: ReadonlyMap<string, Admission>;
}

/** Where operators lay down what holds for tenants. */
export interface PolicySource {
  /**
   * What changed since the version that the caller knows (null: none); book is null where nothing did.
   * @throws SIDING_STORE_*
   */
  readPolicies(known: bigint | null): Promise<{ readonly nowMs: number; readonly book: PolicyBook | null }>;
  /**
   * Brings gates in line with what was settled from the book of that version. Changes nothing where it is no longer the
   * newest: false.
   * @throws SIDING_STORE_*
   */
  setGates(version: bigint, gates: ReadonlyMap<string, Admission>): Promise<boolean>;
}
