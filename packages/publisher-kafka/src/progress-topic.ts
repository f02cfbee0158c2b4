import Kafka, { type IAdminClient } from "@confluentinc/kafka-javascript";
import { brokerError } from "./broker-errors.js";
import { connectionConfig, type KafkaOptions, PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { promised } from "./connect-client.js";

const ALREADY_EXISTS = 36;

/** A number never expires, and what is behind the latest ones may go: small segments keep a look back short. */
const CONFIG = { "cleanup.policy": "compact", "segment.bytes": String(16 * 1024 * 1024) };

/**
 * Makes the topic that carries the shards' numbers, a partition a shard and a key a deployment.
 * @param partitions how many it has now; 0 where it does not exist
 */
export async function ensureProgressTopic(options: KafkaOptions, partitions: number): Promise<void> {
  if (partitions >= options.shards) return;
  const admin: IAdminClient = Kafka.AdminClient.create(connectionConfig(options) as never);
  try {
    if (partitions === 0) {
      const topic = { topic: PROGRESS_TOPIC, num_partitions: options.shards, replication_factor: -1, config: CONFIG };
      await promised((done) => admin.createTopic(topic, REQUEST_TIMEOUT_MS, done));
    } else {
      await promised((done) => admin.createPartitions(PROGRESS_TOPIC, options.shards, REQUEST_TIMEOUT_MS, done));
    }
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_EXISTS) {
      throw brokerError(error, `creating the topic ${PROGRESS_TOPIC}`, options.brokers);
    }
  } finally {
    admin.disconnect();
  }
}
