/** What the two systems say of a shard when a relay takes it over (design §4). */
export interface SettleInput {
  /** The last batch that Postgres knows Kafka to have. */
  readonly promotedBatch: bigint;
  /** The plan that lies open in Postgres, or null. */
  readonly plannedBatch: bigint | null;
  /** Whether Kafka was ever given this shard's first number. */
  readonly genesisDone: boolean;
  /** The number that Kafka holds, read with require_stable; null where it holds none. */
  readonly committedBatch: bigint | null;
}

export type Verdict =
  /** First start: commit the promoted number (0) to Kafka. */
  | { readonly kind: "genesis" }
  /** Both agree, and no plan is open. */
  | { readonly kind: "settled" }
  /** Kafka has the open plan. */
  | { readonly kind: "promote"; readonly batch: bigint }
  /** Kafka does not have the open plan, and its producer is fenced: it never will. */
  | { readonly kind: "discard"; readonly batch: bigint }
  /** Kafka forgot a number that nothing hangs on (offsets of a quiet group expire): commit it again. */
  | { readonly kind: "renew"; readonly batch: bigint }
  | {
      readonly kind: "halt";
      readonly code: "SIDING_PROGRESS_UNKNOWN" | "SIDING_PROGRESS_LOST";
      readonly reason: string;
    };

/**
 * The verdict on a shard: Postgres holds the plan, Kafka says what became of it. Where the answer fits no history of
 * these two systems, one of them lost some of it, and the verdict is to halt: nothing is guessed.
 */
export function settle(input: SettleInput): Verdict {
  const { promotedBatch, plannedBatch, committedBatch } = input;
  if (committedBatch === null) {
    if (!input.genesisDone && promotedBatch === 0n && plannedBatch === null) return { kind: "genesis" };
    if (plannedBatch === null) return { kind: "renew", batch: promotedBatch };
    return {
      kind: "halt",
      code: "SIDING_PROGRESS_LOST",
      reason: `Kafka holds no number for this shard while batch ${plannedBatch} is open in Postgres: whether it was published cannot be known`,
    };
  }
  if (committedBatch === plannedBatch) return { kind: "promote", batch: plannedBatch };
  if (committedBatch === promotedBatch) {
    return plannedBatch === null ? { kind: "settled" } : { kind: "discard", batch: plannedBatch };
  }
  const plan = plannedBatch === null ? "no plan is open" : `batch ${plannedBatch} is open`;
  return {
    kind: "halt",
    code: "SIDING_PROGRESS_UNKNOWN",
    reason:
      committedBatch < promotedBatch
        ? `Kafka holds batch ${committedBatch}, Postgres promoted ${promotedBatch} and ${plan}: Kafka lost history, or is another cluster`
        : `Kafka holds batch ${committedBatch}, Postgres promoted ${promotedBatch} and ${plan}: Postgres lost history (a restored backup, a lossy failover)`,
  };
}
