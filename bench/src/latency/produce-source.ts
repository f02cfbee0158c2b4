import type Kafka from "@confluentinc/kafka-javascript";
import { type KafkaOptions, producerId, TRANSACTION_TIMEOUT_MS } from "@siding/publisher-kafka/client-config.js";
import { HeaderEncoder } from "@siding/publisher-kafka/encode-headers.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { type QuickRecord, QuickTransactions } from "@siding/publisher-kafka/wire/quick-transactions.js";
import { wireSettings } from "@siding/publisher-kafka/wire/wire-settings.js";
import { type SampleEvent, shardOf } from "../events/sample-event.js";
import { rawIdempotentProducer, rawOptions } from "../raw/raw-clients.js";
import type { Source, StreamOptions } from "./stream-options.js";

const LOOK_MS = 1;

type Raw = NonNullable<StreamOptions["raw"]>;

/** The same records with no database: one after another, or gathered into one transaction after another a shard. */
export async function openProduceSource(options: StreamOptions, raw: Raw): Promise<Source> {
  const kafka = rawOptions(options.brokers, raw.name, raw.shards);
  const produce = (producer: Kafka.Producer, encoder: HeaderEncoder, event: SampleEvent): void => {
    const { topic, key, value, headers } = recordOf(event, options, encoder);
    producer.produce(topic, null, Buffer.from(value as string), key, undefined, undefined, headers as never);
  };
  const { numberTopic } = raw;
  if (numberTopic === null) {
    const producer = await rawIdempotentProducer(kafka, { "linger.ms": 0 });
    const encoder = new HeaderEncoder(producerId(raw.name, 0));
    return {
      offer: (event, onSend) => {
        onSend();
        produce(producer, encoder, event);
      },
    };
  }

  const queues: SampleEvent[][] = Array.from({ length: raw.shards }, () => []);
  const clusterId = await clusterIdOf(kafka);
  const pump = async (shard: number): Promise<void> => {
    const transactions = await QuickTransactions.open({
      ...{ brokers: options.brokers, clusterId, transactionalId: `${raw.name}-${shard}` },
      ...{
        transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
        settings: wireSettings({})!,
        mayTake: () => true,
        reach: () => {},
      },
    });
    const encoder = new HeaderEncoder(producerId(raw.name, shard));
    for (let batch = 1; ; ) {
      await transactions.rested();
      const records: QuickRecord[] = queues[shard]!.splice(0).map((event) => recordOf(event, options, encoder));
      if (records.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        continue;
      }
      const number = { topic: numberTopic, partition: shard, key: raw.name, value: String(batch++) };
      const outcome = await transactions.publish([...records, { ...number, headers: [] }], undefined);
      if (outcome.kind !== "committed") throw new Error(`a raw transaction ended as ${outcome.kind}`);
    }
  };
  for (const shard of queues.keys()) void pump(shard);
  return {
    offer: (event, onSend) => {
      onSend();
      queues[shardOf(event.tenantId, raw.shards)]!.push(event);
    },
  };
}

/** What a relay would make of the event. */
function recordOf(event: SampleEvent, { topic, payloadBytes }: StreamOptions, encoder: HeaderEncoder): QuickRecord {
  const { eventId, tenantId, createdAt, payload } = event;
  const headers = encoder.encode({
    ...{ seq: 0n, xid: 0n, eventId, tenantId, dedupeKey: eventId, topic, key: null, headers: null },
    ...{ payload, bytes: payloadBytes, createdAt, attempts: 0 },
  });
  return { topic, key: `${tenantId}:${eventId}`, value: payload, headers };
}

async function clusterIdOf(kafka: KafkaOptions): Promise<string> {
  const publisher = await KafkaPublisher.connect(kafka, "at-least-once");
  try {
    return await publisher.clusterId();
  } finally {
    await publisher.close();
  }
}
