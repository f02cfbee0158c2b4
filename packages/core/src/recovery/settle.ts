import { type DoubtKind, doubtOf } from "./doubt.js";
import { commandsFor } from "./operator-verdict.js";

/** What the two systems say of a shard when a relay takes it over (design §4). */
export interface SettleInput {
  readonly shard: number;
  /** The last batch that Postgres knows Kafka to have. */
  readonly promotedBatch: bigint;
  /** The plan that lies open in Postgres, or null. */
  readonly plannedBatch: bigint | null;
  /** How long ago Kafka last took a number of this shard, in ms; null before the first one. */
  readonly progressAgeMs: number | null;
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
  const { plannedBatch, committedBatch, progressAgeMs } = input;
  const doubt = doubtOf({ ...input, genesisDone: progressAgeMs !== null, isKafkaReplaced: false });
  switch (doubt.kind) {
    case "none":
      if (committedBatch === null) return { kind: "genesis" };
      if (plannedBatch === null) return { kind: "settled" };
      return { kind: doubt.base === "planned" ? "promote" : "discard", batch: plannedBatch };
    case "number-gone":
    case "plan-unknown":
      // Numbers do not expire: one that is gone was taken away, and with it the proof that this Postgres is not an older one.
      return halt("SIDING_PROGRESS_LOST", doubt.kind, input);
    case "kafka-behind":
    case "postgres-behind":
      return halt("SIDING_PROGRESS_UNKNOWN", doubt.kind, input);
  }
}

function halt(
  code: "SIDING_PROGRESS_UNKNOWN" | "SIDING_PROGRESS_LOST",
  doubt: Exclude<DoubtKind, "none">,
  input: SettleInput,
): Verdict {
  const reason = `shard ${input.shard}: ${describeDoubt(doubt, input)}; choose one of: ${commandsFor(doubt, input.shard)}`;
  return { kind: "halt", code, reason };
}

/** What happened, in one line: the two numbers, and which system lost history. */
export function describeDoubt(
  doubt: Exclude<DoubtKind, "none">,
  sides: Pick<SettleInput, "promotedBatch" | "plannedBatch" | "committedBatch">,
): string {
  const { promotedBatch, plannedBatch, committedBatch } = sides;
  const kafka =
    committedBatch === null ? "Kafka holds no number for this shard" : `Kafka holds batch ${committedBatch}`;
  const plan = plannedBatch === null ? "no plan is open" : `the plan of batch ${plannedBatch} is open`;
  return `${kafka}, Postgres promoted batch ${promotedBatch} and ${plan}: ${MEANINGS[doubt]}`;
}

const MEANINGS: Record<Exclude<DoubtKind, "none">, string> = {
  "plan-unknown": "its number is gone, and whether the plan was published cannot be known",
  "number-gone": "its number is gone, and with them the proof that Postgres lost nothing",
  "postgres-behind": "Postgres lost history (a restored backup, a lossy failover)",
  "kafka-behind": "Kafka lost history (an unclean election, a restored or another cluster)",
};
