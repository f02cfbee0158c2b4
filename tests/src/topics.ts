import Kafka, { type IAdminClient, type LibrdKafkaError } from "@confluentinc/kafka-javascript";

const TIMEOUT_MS = 20_000;

/** Makes a topic for one test. */
export async function createTopic(
  brokers: string,
  topic: string,
  partitions: number,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const description = { topic, num_partitions: partitions, replication_factor: 1, config };
  await administer(brokers, (admin, done) => admin.createTopic(description as never, TIMEOUT_MS, done));
}

export async function deleteTopic(brokers: string, topic: string): Promise<void> {
  await administer(brokers, (admin, done) => admin.deleteTopic(topic, TIMEOUT_MS, done));
}

async function administer(
  brokers: string,
  act: (admin: IAdminClient, done: (error: LibrdKafkaError) => void) => void,
): Promise<void> {
  const admin = Kafka.AdminClient.create({ "bootstrap.servers": brokers });
  try {
    await new Promise<void>((resolve, reject) => act(admin, (error) => (error ? reject(error) : resolve())));
  } finally {
    admin.disconnect();
  }
}
