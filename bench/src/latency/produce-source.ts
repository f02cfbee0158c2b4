import type Kafka from "@confluentinc/kafka-javascript";
import { producerId } from "@siding/publisher-kafka/client-config.js";
import { DeliveryWait } from "@siding/publisher-kafka/delivery-wait.js";
import { HeaderEncoder } from "@siding/publisher-kafka/encode-headers.js";
import { type SampleEvent, shardOf } from "../events/sample-event.js";
import {
  beginTransaction,
  commitTransaction,
  produceNumber,
  rawIdempotentProducer,
  rawOptions,
  rawTransactionalProducer,
} from "../raw/raw-clients.js";
import type { Source, StreamOptions } from "./stream-options.js";

const LOOK_MS = 1;
/** As the relay rests between two transactions of a shard. */
const REST_MS = 3;

type Raw = NonNullable<StreamOptions["raw"]>;

/** The same records with no database: one after another, or gathered into one transaction after another a shard. */
export async function openProduceSource(options: StreamOptions, raw: Raw): Promise<Source> {
  const kafka = rawOptions(options.brokers, raw.name, raw.shards);
  const produce = (producer: Kafka.Producer, encoder: HeaderEncoder, event: SampleEvent): void => {
    const { eventId, tenantId, createdAt, payload } = event;
    const headers = encoder.encode({
      ...{ seq: 0n, xid: 0n, eventId, tenantId, dedupeKey: eventId, topic: options.topic, key: null, headers: null },
      ...{ payload, bytes: options.payloadBytes, createdAt, attempts: 0 },
    });
    const key = `${tenantId}:${eventId}`;
    producer.produce(options.topic, null, Buffer.from(payload), key, undefined, undefined, headers as never);
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
  const pump = async (shard: number): Promise<void> => {
    const producer = await rawTransactionalProducer(kafka, shard);
    const encoder = new HeaderEncoder(producerId(raw.name, shard));
    const delivery = new DeliveryWait();
    for (let batch = 1; ; ) {
      const events = queues[shard]!.splice(0);
      if (events.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        continue;
      }
      await beginTransaction(producer);
      for (const event of events) produce(producer, encoder, event);
      produceNumber(producer, { topic: numberTopic, partition: shard, number: batch++, name: raw.name });
      await delivery.untilDelivered(producer, () => false);
      await commitTransaction(producer);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
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
