/**
 * The steps of the protocol (design §4) at which a test can stop a relay: before and after every call that changes one
 * of the two systems or asks about it, and between the calls of a Kafka transaction. A relay that nobody tests has no
 * {@link Reach} and passes them by.
 */
export const FAIL_POINTS = [
  "before-read",
  "after-read",
  "before-prepare",
  "after-prepare",
  "after-begin",
  "after-produce",
  "after-number",
  "before-commit",
  /** Kafka has the batch, and the relay does not know it yet. */
  "after-commit",
  "before-promote",
  "after-promote",
  "before-discard",
  "after-discard",
  "before-claim",
  "after-claim",
  "before-open",
  "after-open",
  "before-committed-read",
  "after-committed-read",
  "before-beat",
  "after-beat",
] as const;

export type FailPoint = (typeof FAIL_POINTS)[number];

/** Told that a step is reached. It may stop the whole process; it never throws and changes nothing else. */
export type Reach = (point: FailPoint, shard: number | null) => void;
