import type { Publisher } from "@siding/core/ports/publisher.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { publisherContract } from "@siding/testkit/publisher-contract/publisher-contract.js";
import { type PublisherUnderTest, SHARDS } from "@siding/testkit/publisher-contract/publisher-under-test.js";
import { inject } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { createTopic } from "../topics.js";
import { calmDown } from "./calm-down.js";

for (const [name, delivery, warmUp] of [
  ["KafkaPublisher", "exactly-once", undefined],
  ["KafkaPublisher amid small batches", "exactly-once", calmDown],
  ["KafkaPublisher", "at-least-once", undefined],
] as const) {
  publisherContract(name, delivery, async (): Promise<PublisherUnderTest> => {
    const brokers = inject("kafkaBrokers");
    const kafka = {
      brokers,
      deployment: `contract-${delivery}-${warmUp?.name}-${process.pid}`,
      shards: SHARDS,
      properties: {},
    };
    const connected: Publisher[] = [];
    return {
      ...(warmUp && { warmUp }),
      connect: async () => {
        const publisher = await KafkaPublisher.connect(kafka, delivery);
        connected.push(publisher);
        return publisher;
      },
      createTopic: (topic, recordBytesMax) =>
        createTopic(
          brokers,
          topic,
          1,
          recordBytesMax === undefined ? {} : { "max.message.bytes": String(recordBytesMax) },
        ),
      read: async (topic, count) => {
        const reader = await CommittedReader.open(brokers, topic, 1);
        try {
          return await reader.until(count, { graceMs: 500, stallMs: 15_000 });
        } finally {
          await reader.close();
        }
      },
      close: async () => {
        for (const publisher of connected) await publisher.close();
      },
    };
  });
}
