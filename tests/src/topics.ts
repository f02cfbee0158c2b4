import Kafka from "@confluentinc/kafka-javascript";

/** Makes a topic for one test. */
export async function createTopic(
  brokers: string,
  topic: string,
  partitions: number,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = Kafka.AdminClient.create({ "bootstrap.servers": brokers });
  try {
    await new Promise<void>((resolve, reject) => {
      const description = { topic, num_partitions: partitions, replication_factor: 1, config };
      admin.createTopic(description as never, 20_000, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    admin.disconnect();
  }
}

export async function deleteTopic(brokers: string, topic: string): Promise<void> {
  const admin = Kafka.AdminClient.create({ "bootstrap.servers": brokers });
  try {
    await new Promise<void>((resolve, reject) => {
      admin.deleteTopic(topic, 20_000, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    admin.disconnect();
  }
}
