import Kafka from "@confluentinc/kafka-javascript";
import { type KafkaOptions, producerConfig, TRANSACTION_TIMEOUT_MS } from "@siding/publisher-kafka/client-config.js";
import { connectClient, promised } from "@siding/publisher-kafka/connect-client.js";

const TIMEOUT_MS = 30_000;

/** Names of their own for the raw side's transactional ids, beside those of any relay. */
export function rawOptions(brokers: string, deployment: string, shards: number): KafkaOptions {
  return { brokers, deployment, shards, properties: {} };
}

/** A producer with the very settings of a shard's, so that the two sides differ in what is around it alone. */
export async function rawTransactionalProducer(options: KafkaOptions, shard: number): Promise<Kafka.Producer> {
  const producer = new Kafka.Producer({
    ...producerConfig(options, shard),
    "transactional.id": `${options.deployment}-${shard}`,
    "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
    "delivery.report.only.error": true,
  });
  await connectClient(producer, options.brokers);
  // Before connect this crashes the process.
  producer.setPollInBackground(true);
  await promised((done) => producer.initTransactions(TIMEOUT_MS, done));
  return producer;
}

export async function rawIdempotentProducer(
  options: KafkaOptions,
  properties: { readonly "linger.ms": number },
): Promise<Kafka.Producer> {
  const producer = new Kafka.Producer({ ...producerConfig(options, 0), ...properties });
  await connectClient(producer, options.brokers);
  producer.setPollInBackground(true);
  return producer;
}

/** As the relay does: a number goes with the transaction, as a record of a topic of its own. */
export function produceNumber(
  producer: Kafka.Producer,
  place: { readonly topic: string; readonly partition: number; readonly number: number; readonly name: string },
): void {
  producer.produce(place.topic, place.partition, Buffer.from(String(place.number)), place.name);
}

export function beginTransaction(producer: Kafka.Producer): Promise<void> {
  return promised((done) => producer.beginTransaction(done));
}

export function commitTransaction(producer: Kafka.Producer): Promise<void> {
  return promised((done) => producer.commitTransaction(TIMEOUT_MS, done));
}
