import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { eventFor } from "@siding/testkit/publisher-contract/publisher-under-test.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { createTopic } from "../topics.js";
import { calmDown, probe, RETURNED } from "./calm-down.js";
import { PASSWORD, SESSION_MS, type SecuredKafka, startSecuredKafka, USER } from "./secured-kafka.js";

const COMMITTED = { kind: "committed" };

describe("a Kafka that asks for TLS and a password", { timeout: 60_000 }, () => {
  let kafka: SecuredKafka | null = null;
  const opened: KafkaPublisher[] = [];
  beforeAll(async () => {
    kafka = await startSecuredKafka();
  }, 120_000);
  afterAll(async () => {
    for (const publisher of opened) await publisher.close();
    await kafka?.stop();
  });

  test.for(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])(
    "is published to either way with %s",
    async (mechanism, { skip }) => {
      if (kafka === null) return skip("a container takes no files of ours");
      const { brokers, openBrokers, caFile } = kafka;
      const topic = `secured-${mechanism}`;
      await createTopic(openBrokers, topic, 3);
      const properties = {
        ...{ "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism },
        ...{ "sasl.username": USER, "sasl.password": PASSWORD, "ssl.ca.location": caFile },
      };
      const publisher = await KafkaPublisher.connect(
        { brokers, deployment: topic, shards: 1, properties },
        "exactly-once",
      );
      opened.push(publisher);
      const shard = await publisher.open(0);
      expect(await shard.publish({ batch: 1n, events: [eventFor(topic, "bulk")] })).toEqual(COMMITTED);
      await calmDown(shard);
      expect(await shard.publish({ batch: 2n, events: [eventFor(topic, "quick")] })).toEqual(COMMITTED);
      // Longer than a session lasts here: it is signed in anew meanwhile.
      const endMs = performance.now() + (mechanism === "PLAIN" ? SESSION_MS + 1_000 : 0);
      for (let batch = 3n; performance.now() < endMs; batch++) {
        expect(await shard.publish({ batch, events: [] })).toEqual(COMMITTED);
      }
      expect(await probe(shard, topic, 99_999n)).toEqual(RETURNED);
      const reader = await CommittedReader.open(openBrokers, topic, 3);
      const records = await reader.until(2, { graceMs: 300, stallMs: 10_000 });
      expect(records.map(({ value }) => JSON.parse(value))).toEqual(["bulk", "quick"]);
      await reader.close();
      await shard.close();
    },
  );
});
