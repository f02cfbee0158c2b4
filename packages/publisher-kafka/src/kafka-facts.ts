/** What `siding doctor` reads of Kafka; what it means is judged elsewhere. */
export interface KafkaFacts {
  readonly clusterId: string;
  readonly brokers: number;
  /** Null where this delivery needs none. */
  readonly transactions: TransactionFacts | null;
  /** By name; a topic that was asked for and is not there has no partitions. */
  readonly topics: ReadonlyMap<string, TopicFacts>;
  /** Partitions of siding.progress whose first records are gone: a compacted topic deletes none from its start. */
  readonly progressCutAt: readonly number[];
}

export type TransactionFacts =
  | { readonly kind: "granted" }
  | { readonly kind: "too-long" | "denied" | "unsupported" | "failed"; readonly reason: string };

export interface TopicFacts {
  readonly partitions: number;
  /** Partitions without a leader, which take no records now. */
  readonly leaderless: readonly number[];
  /** Replicas, and those of them in sync, of the partition that has the fewest. */
  readonly replicas: number;
  readonly inSync: number;
  /** What this principal may do; null where the brokers did not say. */
  readonly operations: readonly ("read" | "write" | "describe")[] | null;
  /** What the brokers said instead of describing it. */
  readonly error: { readonly kind: "missing" | "denied" | "other"; readonly reason: string } | null;
}
