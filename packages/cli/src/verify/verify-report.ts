import type { Fault, PartitionTally, Place } from "@siding/core/verify/census.js";
import type { TopicTally } from "@siding/core/verify/tally.js";

/** What `siding verify` found. Times are RFC 3339, UTC. */
export interface VerifyReport {
  readonly isComplete: boolean;
  readonly since: string | null;
  /** What was published until then, by Postgres' clock, was looked for. */
  readonly until: string;
  /** Published events that had to be found. */
  readonly events: number;
  readonly scannedRecords: number;
  /** Records with event ids of other producers, which are none of this deployment's concern. */
  readonly otherRecords: number;
  readonly shards: readonly VerifiedShard[];
  readonly sums: readonly ComparedSum[];
  readonly faults: Readonly<Record<Fault, number>>;
  /** Kinds of faults that the chosen delivery allows. */
  readonly allowed: readonly Fault[];
  /** The faulty events, the first ones of very many. */
  readonly named: readonly NamedFault[];
  readonly notes: readonly string[];
}

export interface VerifiedShard {
  readonly shard: number;
  /** Since when the batches' record has no gap; null where there is none, and rows alone were held against Kafka. */
  readonly recordedSince: string | null;
  readonly haltedReason: string | null;
}

/** One shard's part of one topic, as three know it. */
export interface ComparedSum {
  readonly shard: number;
  readonly topic: string;
  /** What was recorded with the batches. */
  readonly recorded: TopicTally;
  /** What the log holds. */
  readonly log: TopicTally;
  /** What of the log Kafka holds, each event counted once. */
  readonly kafka: TopicTally;
  readonly partitions: readonly PartitionTally[];
  readonly agrees: boolean;
}

export interface NamedFault {
  readonly fault: Fault;
  readonly eventId: string;
  /** Null where Postgres has no row of it. */
  readonly tenantId: string | null;
  readonly topic: string;
  readonly key: string | null;
  readonly shard: number | null;
  readonly seq: number | null;
  readonly createdAt: string | null;
  readonly places: readonly Place[];
}
