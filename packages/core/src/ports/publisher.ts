import type { SidingError } from "../errors.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { EventFault } from "../retry/failure.js";

/** What the relay asks to be published as one batch. */
export interface PublishRequest {
  /** The number that becomes visible with the records; not used by at-least-once. */
  readonly batch: bigint;
  /** In publishing order. */
  readonly events: readonly OutboxEvent[];
  /**
   * Answers once the batch's plan is durable, or will not be: before that nothing may become visible, though it may be on its
   * way. Absent: there is no plan to wait for. Never rejects.
   */
  readonly planned?: Promise<boolean>;
}

/** How it ended. Only the first three are certain; after all others the shard is claimed anew and settled. */
export type PublishOutcome =
  | { readonly kind: "committed" }
  /**
   * Nothing of the batch is or will be visible, and these are the reasons. With none, nothing is at fault: after the next
   * {@link ShardPublisher.rested} the publisher goes about it in another way.
   */
  | {
      readonly kind: "refused";
      readonly events: readonly EventFault[];
      readonly topics: ReadonlyMap<string, string>;
    }
  /** The plan did not become durable: nothing of the batch is or will be visible. */
  | { readonly kind: "withheld" }
  /** Another relay took the transactional id: this one must not publish the shard any more. */
  | { readonly kind: "fenced" }
  /** No answer, or one that says nothing about the batch. Never to be treated as "not sent". */
  | { readonly kind: "unknown"; readonly error: SidingError };

/** One shard's way into Kafka, under one transactional id. */
export interface ShardPublisher {
  /**
   * The number that Kafka holds for this shard, null where it holds none. Waits for an open transaction to end
   * (require_stable, KIP-447), so the answer is final.
   */
  committedBatch(): Promise<bigint | null>;
  /** Commits a number with no records: the shard's genesis, and its daily renewal. @throws SIDING_FENCED */
  commitNumber(batch: bigint): Promise<void>;
  /**
   * Resolves once a batch would not have to wait for the one before it any more: what is read until then only waits. Called
   * while no plan is under way, since the publisher may open the shard anew, as {@link Publisher.open} does.
   * @throws SIDING_BROKER_*
   */
  rested(): Promise<void>;
  publish(request: PublishRequest): Promise<PublishOutcome>;
  close(): Promise<void>;
}

/**
 * Kafka, as the relay sees it.
 * @throws SIDING_BROKER_UNREACHABLE and the other SIDING_BROKER_ codes, from every method
 */
export interface Publisher {
  clusterId(): Promise<string>;
  /** Opens the shard and fences whoever had it open before: InitProducerId (KIP-98). */
  open(shard: number): Promise<ShardPublisher>;
  /**
   * Which of the topics cannot be published to now, and why. Asked before every transaction: a record for an unknown
   * topic would make commitTransaction hang until its own time-out (design §6).
   */
  topicFaults(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
  /** Gives up what is under way in any shard: a publish ends as `unknown` soon, everything else throws. */
  close(): Promise<void>;
}
