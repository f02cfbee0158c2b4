import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, expect, test } from "vitest";
import { kafkaAnswers } from "./kafka-answers.js";
import { type RunningKafka, startKafka } from "./start-kafka.js";

const { KafkaJS } = createRequire(import.meta.url)("@confluentinc/kafka-javascript");

let kafka: RunningKafka | undefined;
afterEach(() => kafka?.stop("immediate"));

// A broker that died without a word is taken for alive until its session ends, 9 s by default.
const QUICK_RETURN = { "broker.session.timeout.ms": 3_000, "broker.heartbeat.interval.ms": 500 };

test("topics survive a SIGKILL and a restart, and a stop leaves nothing behind", async () => {
  kafka = await startKafka({ properties: QUICK_RETURN });
  expect(await kafkaAnswers(kafka.port)).toBe(true);
  await withAdmin(kafka.brokers, async (admin) => {
    await admin.createTopics({ topics: [{ topic: "kept", numPartitions: 3, replicationFactor: 1 }] });
  });

  const before = kafka.pid;
  kafka.kill("SIGKILL");
  await kafka.restart();
  expect(kafka.pid).not.toBe(before);
  await withAdmin(kafka.brokers, async (admin) => {
    expect(await admin.listTopics()).toContain("kept");
  });

  await kafka.stop();
  expect(await kafkaAnswers(kafka.port)).toBe(false);
  expect(existsSync(kafka.dataDir)).toBe(false);
});

test("a property that Kafka refuses is reported in its own words", async () => {
  await expect(startKafka({ properties: { "num.network.threads": 0 } })).rejects.toThrow("num.network.threads");
});

interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  createTopics(request: {
    topics: { topic: string; numPartitions: number; replicationFactor: number }[];
  }): Promise<void>;
  listTopics(): Promise<string[]>;
}

async function withAdmin(brokers: string, use: (admin: Admin) => Promise<void>): Promise<void> {
  const client = new KafkaJS.Kafka({ kafkaJS: { brokers: [brokers], logLevel: KafkaJS.logLevel.NOTHING } });
  const admin: Admin = client.admin();
  await admin.connect();
  try {
    await use(admin);
  } finally {
    await admin.disconnect();
  }
}
