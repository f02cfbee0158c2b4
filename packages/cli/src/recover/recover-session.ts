import { SidingError } from "@siding/core/errors.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Identity } from "@siding/core/ports/store.js";
import { type Doubt, doubtOf } from "@siding/core/recovery/doubt.js";
import { describeIdentityChange, identityChanges } from "@siding/core/recovery/identity.js";
import type { KafkaOptions } from "@siding/publisher-kafka/client-config.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { type RecoveryShard, RecoveryStore } from "@siding/store-postgres/recovery-store.js";
import { requireSetting } from "../config/load-config.js";
import type { SidingConfig } from "../config/settings.js";
import type { ShardSituation } from "./recovery-report.js";

/** A shard as both systems show it. */
export interface ExaminedShard {
  readonly record: RecoveryShard;
  readonly kafkaBatch: bigint | null;
  readonly doubt: Doubt;
}

/** Both systems, as one command of an operator sees them. */
export class RecoverSession {
  readonly store: RecoveryStore;
  readonly publisher: KafkaPublisher;
  readonly kafka: KafkaOptions;
  readonly shards: number;
  readonly identity: Identity;
  /** What changed of the pinned identity, in words; null where nothing did. */
  readonly identityChange: string | null;
  /** The log was carried here from another server, whose xids it still carries. */
  readonly isRebased: boolean;
  readonly isKafkaReplaced: boolean;
  readonly isNumbered: boolean;

  private constructor(
    store: RecoveryStore,
    publisher: KafkaPublisher,
    kafka: KafkaOptions,
    identity: Identity,
    pinned: Identity,
    isNumbered: boolean,
  ) {
    const changed = identityChanges(pinned, identity);
    this.store = store;
    this.publisher = publisher;
    this.kafka = kafka;
    this.shards = kafka.shards;
    this.identity = identity;
    this.identityChange = changed.length === 0 ? null : describeIdentityChange(pinned, identity);
    this.isRebased = changed.includes("systemIdentifier");
    this.isKafkaReplaced = changed.includes("kafkaClusterId");
    this.isNumbered = isNumbered;
  }

  /** @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_BROKER_*, SIDING_CONFIG_INVALID for another deployment's name */
  static async open(config: SidingConfig): Promise<RecoverSession> {
    const brokers = requireSetting(config, "kafkaBrokers").join(",");
    const store = await RecoveryStore.open(requireSetting(config, "databaseUrl"));
    let publisher: KafkaPublisher | null = null;
    try {
      const { shards, pinned, systemIdentifier, timeline } = await store.deployment();
      if (pinned !== null && pinned.deployment !== config.deployment) {
        const message = `this database belongs to the deployment ${pinned.deployment}, and SIDING_DEPLOYMENT is ${config.deployment}`;
        throw new SidingError("SIDING_CONFIG_INVALID", message);
      }
      const kafka = { brokers, deployment: config.deployment, shards, properties: config.kafka };
      publisher = await KafkaPublisher.connect(kafka, config.delivery);
      const kafkaClusterId = await publisher.clusterId();
      const identity = { deployment: config.deployment, kafkaClusterId, systemIdentifier, timeline };
      const isNumbered = config.delivery === "exactly-once";
      return new RecoverSession(store, publisher, kafka, identity, pinned ?? identity, isNumbered);
    } catch (error) {
      await publisher?.close();
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.publisher.close(), this.store.close()]);
  }

  /** @param opened the shards' producers where they are fenced; else the numbers are looked at from beside */
  async examine(
    shards: readonly number[],
    opened?: ReadonlyMap<number, ShardPublisher>,
  ): Promise<readonly ExaminedShard[]> {
    const examined: ExaminedShard[] = [];
    for (const record of await this.store.shards(shards)) {
      const { promotedBatch, plannedBatch, genesisDone } = record;
      // at-least-once keeps no number in Kafka: Postgres is all there is to go by.
      const kafkaBatch = this.isNumbered ? await this.#number(record.shard, opened) : promotedBatch;
      const sides = { promotedBatch, plannedBatch, genesisDone, committedBatch: kafkaBatch };
      examined.push({ record, kafkaBatch, doubt: doubtOf({ ...sides, isKafkaReplaced: this.isKafkaReplaced }) });
    }
    return examined;
  }

  #number(shard: number, opened: ReadonlyMap<number, ShardPublisher> | undefined): Promise<bigint | null> {
    return opened?.get(shard)?.committedBatch() ?? this.publisher.peekNumber(shard);
  }
}

export function situationOf({ record, kafkaBatch, doubt }: ExaminedShard): ShardSituation {
  const { shard, promotedBatch, plannedBatch, promotedAt, haltedReason } = record;
  return { shard, doubt: doubt.kind, kafkaBatch, promotedBatch, plannedBatch, promotedAt, haltedReason };
}
