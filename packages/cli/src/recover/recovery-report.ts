import type { DoubtKind } from "@siding/core/recovery/doubt.js";
import type { OperatorVerdict } from "@siding/core/recovery/operator-verdict.js";
import type { Risk } from "@siding/core/recovery/risk.js";
import type { SettledEvents } from "@siding/store-postgres/recovery-store.js";

/** What is known of a shard before anybody decides. */
export interface ShardSituation {
  readonly shard: number;
  readonly doubt: DoubtKind;
  readonly kafkaBatch: bigint | null;
  readonly promotedBatch: bigint;
  readonly plannedBatch: bigint | null;
  readonly promotedAt: string | null;
  readonly haltedReason: string | null;
}

/** What a verdict comes to for a shard. */
export interface ShardOutcome extends ShardSituation {
  /** The number that both systems agree on from here on. */
  readonly newBatch: bigint;
  readonly events: SettledEvents;
  readonly risk: Risk;
}

export interface RecoveryReport {
  /** What of the servers' identity changed, in words; null where nothing did. */
  readonly identityChange: string | null;
  readonly shards: readonly ShardOutcome[];
  /** Shards that were asked for and need no recovery. */
  readonly inOrder: readonly number[];
  readonly verdict: OperatorVerdict;
  /** Records that a scan read in Kafka; null where none was asked for. */
  readonly scannedRecords: number | null;
  readonly isDone: boolean;
}

export interface SurveyReport {
  readonly identityChange: string | null;
  readonly shards: readonly (ShardSituation & {
    /** Pending events, the open plan's among them. */
    readonly pending: number;
    readonly inPlan: number;
  })[];
}
