import Kafka, { type KafkaConsumer } from "@confluentinc/kafka-javascript";
import {
  connectionConfig,
  type KafkaOptions,
  producerConfig,
  TRANSACTION_TIMEOUT_MS,
} from "@siding/publisher-kafka/client-config.js";
import { connectClient, promised } from "@siding/publisher-kafka/connect-client.js";

const TIMEOUT_MS = 30_000;

/** Names of their own for the raw side's transactional ids and group, beside those of any relay. */
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

/** sendOffsetsToTransaction wants a consumer; one that never subscribes serves. */
export async function rawOffsetConsumer(options: KafkaOptions): Promise<KafkaConsumer> {
  const consumer = new Kafka.KafkaConsumer(
    { ...connectionConfig(options), "group.id": options.deployment, "enable.auto.commit": false } as never,
    {},
  );
  await connectClient(consumer as never, options.brokers);
  return consumer;
}

/** As the relay does: a number goes into the transaction as an offset. */
export async function sendOffset(
  producer: Kafka.Producer,
  consumer: KafkaConsumer,
  place: { readonly topic: string; readonly partition: number; readonly offset: number },
): Promise<void> {
  await promised((done) => producer.sendOffsetsToTransaction([place], consumer, TIMEOUT_MS, done));
}

export function beginTransaction(producer: Kafka.Producer): Promise<void> {
  return promised((done) => producer.beginTransaction(done));
}

export function commitTransaction(producer: Kafka.Producer): Promise<void> {
  return promised((done) => producer.commitTransaction(TIMEOUT_MS, done));
}
