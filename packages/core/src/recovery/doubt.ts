/** What the two systems say of a shard (design §4). */
export interface TwoSides {
  /** The last batch that Postgres knows Kafka to have. */
  readonly promotedBatch: bigint;
  /** The plan that lies open in Postgres, or null. */
  readonly plannedBatch: bigint | null;
  /** Whether Kafka was ever given this shard's first number. */
  readonly genesisDone: boolean;
  /** The number that Kafka holds, read with require_stable; null where it holds none. */
  readonly committedBatch: bigint | null;
  /** Whether this is another Kafka cluster than the one that the deployment began with. */
  readonly isKafkaReplaced: boolean;
}

/** What cannot be known of a shard from its two numbers. */
export type DoubtKind =
  /** Nothing: both fit one history. */
  | "none"
  /** Kafka holds no number, and a plan is open: it was published, or it was not. */
  | "plan-unknown"
  /** Kafka holds no number, and no plan is open: only the check that Postgres is up to date is gone. */
  | "number-gone"
  /** Kafka has batches that Postgres does not know: what is pending in Postgres may have been published. */
  | "postgres-behind"
  /** Kafka lacks batches that Postgres promoted: what Postgres shows as published may be gone. */
  | "kafka-behind";

export interface Doubt {
  readonly kind: DoubtKind;
  /** Which of Postgres' two cursors holds, as far as the numbers tell. */
  readonly base: "promoted" | "planned";
}

/** Holds the two numbers against each other. The one place that does: verdicts of relay and operator both rest on it. */
export function doubtOf(sides: TwoSides): Doubt {
  const { promotedBatch, plannedBatch, committedBatch } = sides;
  if (committedBatch !== null && committedBatch === plannedBatch) return { kind: "none", base: "planned" };
  if (committedBatch === promotedBatch) return { kind: "none", base: "promoted" };
  if (!sides.genesisDone && promotedBatch === 0n && plannedBatch === null && committedBatch === null) {
    return { kind: "none", base: "promoted" };
  }
  return { kind: kindOf(sides), base: "promoted" };
}

function kindOf({ promotedBatch, plannedBatch, committedBatch, isKafkaReplaced }: TwoSides): DoubtKind {
  // A number in a foreign cluster was not written by this deployment's history.
  if (isKafkaReplaced) return "kafka-behind";
  if (committedBatch === null) return plannedBatch === null ? "number-gone" : "plan-unknown";
  return committedBatch < promotedBatch ? "kafka-behind" : "postgres-behind";
}
