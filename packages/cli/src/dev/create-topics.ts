import Kafka, { type NewTopic } from "@confluentinc/kafka-javascript";
import { isSidingError, type SidingError } from "@siding/core/errors.js";
import { called, clientConfig, KAFKA_TIMEOUT_MS, type KafkaPlace } from "./kafka-client.js";

export const SAMPLE_PARTITIONS = 12;
const ALREADY_EXISTS = 36;

/**
 * Makes the topics that are not there yet.
 * @param config of the topics, such as `message.timestamp.type`
 * @throws SIDING_BROKER_UNREACHABLE
 */
export async function createTopics(
  place: KafkaPlace,
  topics: readonly string[],
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = Kafka.AdminClient.create(clientConfig(place));
  try {
    // One after the other: the client lets them wait for each other anyway, in threads that keep the process from ending.
    for (const topic of topics) {
      // -1: as many replicas as the brokers have for their default.
      const wanted = { topic, num_partitions: SAMPLE_PARTITIONS, replication_factor: -1, config } satisfies NewTopic;
      try {
        await called<void>(place, `creating the topic ${topic}`, (done) =>
          admin.createTopic(wanted, KAFKA_TIMEOUT_MS, done),
        );
      } catch (error) {
        if (!isSidingError(error) || codeOf(error) !== ALREADY_EXISTS) throw error;
      }
    }
  } finally {
    admin.disconnect();
  }
}

function codeOf(error: SidingError): number | undefined {
  return (error.cause as { code?: number } | undefined)?.code;
}
