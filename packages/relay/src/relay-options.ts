import type { TenantPolicies } from "@siding/core/policy/tenant-policy.js";
import type { Clock, Random } from "@siding/core/ports/clock.js";
import type { Publisher } from "@siding/core/ports/publisher.js";
import type { RelayIdentity, Store } from "@siding/core/ports/store.js";
import type { RetentionOptions } from "./keep-retention.js";
import type { RelayObserver } from "./relay-observer.js";

/** All that a relay needs; the one place where it gets the world from. */
export interface RelayOptions {
  readonly identity: RelayIdentity;
  readonly deployment: string;
  readonly delivery: "exactly-once" | "at-least-once";
  readonly leaseMs: number;
  /** A shard that commits nothing for this long commits its number again, before Kafka forgets it. */
  readonly renewProgressMs: number;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly attemptsMax: number;
  /** End once nothing is due, instead of waiting for more. */
  readonly untilEmpty: boolean;
  /** Null: published events are kept for ever. */
  readonly retention: RetentionOptions | null;
  readonly policies: TenantPolicies;
  readonly store: Store;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RelayObserver;
}
