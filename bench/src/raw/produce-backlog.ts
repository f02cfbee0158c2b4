// The raw limit of a drain, in a process of its own: the records that a relay would send, made beforehand, through the
// same client in transactions of the same size, with no database.
import { recordKey } from "@siding/core/event/outbox-event.js";
import { producerId } from "@siding/publisher-kafka/client-config.js";
import { HeaderEncoder } from "@siding/publisher-kafka/encode-headers.js";
import { type SampleShape, sampleEvent, shardOf } from "../events/sample-event.js";
import { childOptions, report, told } from "./child-process.js";
import {
  beginTransaction,
  commitTransaction,
  produceNumber,
  rawOptions,
  rawTransactionalProducer,
} from "./raw-clients.js";

export interface ProduceBacklogOptions extends SampleShape {
  readonly brokers: string;
  /** Names the transactional ids. */
  readonly name: string;
  readonly topic: string;
  readonly numberTopic: string;
  readonly events: number;
  readonly shards: number;
  readonly batchEvents: number;
}

interface Made {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: never;
}

/** By shard. Headers that are alike are one object, as with the relay. */
function makeRecords(options: ProduceBacklogOptions): readonly Made[][] {
  const byShard: Made[][] = Array.from({ length: options.shards }, () => []);
  const encoders = byShard.map((_, shard) => new HeaderEncoder(producerId(options.name, shard)));
  for (let n = 0; n < options.events; n++) {
    const { eventId, tenantId, createdAt, payload } = sampleEvent(n, options);
    const event = {
      ...{ seq: 0n, xid: 0n, eventId, tenantId, dedupeKey: eventId, topic: options.topic, key: null, headers: null },
      ...{ payload, bytes: options.payloadBytes, createdAt, attempts: 0 },
    };
    const shard = shardOf(tenantId, options.shards);
    const headers = encoders[shard]!.encode(event) as never;
    byShard[shard]!.push({ key: recordKey(event), value: Buffer.from(payload), headers });
  }
  return byShard;
}

const options = childOptions<ProduceBacklogOptions>();
const kafka = rawOptions(options.brokers, options.name, options.shards);
const records = makeRecords(options);
const producers = await Promise.all(records.map((_, shard) => rawTransactionalProducer(kafka, shard)));

async function produceShard(shard: number): Promise<void> {
  const producer = producers[shard]!;
  const mine = records[shard]!;
  for (let from = 0, batch = 1; from < mine.length; from += options.batchEvents, batch++) {
    await beginTransaction(producer);
    const to = Math.min(mine.length, from + options.batchEvents);
    for (let i = from; i < to; i++) {
      const { key, value, headers } = mine[i]!;
      producer.produce(options.topic, null, value, key, undefined, undefined, headers);
    }
    produceNumber(producer, { topic: options.numberTopic, partition: shard, number: batch, name: options.name });
    await commitTransaction(producer);
  }
}

await report({ kind: "ready" });
await told("go");
await Promise.all(producers.map((_, shard) => produceShard(shard)));
await report({ kind: "done" });
await told("end");
process.exit(0);
