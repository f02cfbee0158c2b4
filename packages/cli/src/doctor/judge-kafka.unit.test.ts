import type { KafkaFacts, TopicFacts, TransactionFacts } from "@siding/publisher-kafka/kafka-facts.js";
import { describe, expect, test } from "vitest";
import { judgeKafka, type KafkaExpectations } from "./judge-kafka.js";

const TOPIC: TopicFacts = {
  partitions: 4,
  leaderless: [],
  replicas: 3,
  inSync: 3,
  operations: ["read", "write", "describe"],
  error: null,
};
const GONE: TopicFacts = { ...TOPIC, partitions: 0, error: { kind: "missing", reason: "unknown" } };
const EXPECTED: KafkaExpectations = {
  brokers: "kafka-1:9092",
  shards: 4,
  deployment: "default",
  topics: [{ topic: "orders", waiting: 3 }],
  payloadBytesMax: 1_000_000,
  clientMessageBytesMax: null,
};

interface Changed {
  readonly progress?: Partial<TopicFacts>;
  readonly orders?: Partial<TopicFacts>;
  readonly brokers?: number;
  readonly transactions?: TransactionFacts | null;
  readonly progressCutAt?: readonly number[];
}

function facts({ progress, orders, ...rest }: Changed): KafkaFacts {
  return {
    clusterId: "gX4",
    brokers: 3,
    transactions: { kind: "granted" },
    progressCutAt: [],
    topics: new Map([
      ["siding.progress", { ...TOPIC, ...progress }],
      ["orders", { ...TOPIC, ...orders }],
    ]),
    ...rest,
  };
}

function amiss(changed: Changed, expected: Partial<KafkaExpectations> = {}): string[] {
  const findings = judgeKafka(facts(changed), { ...EXPECTED, ...expected });
  return findings.filter(({ level }) => /problem|warning/.test(level)).map(({ level, check }) => `${level} ${check}`);
}

describe("a Kafka cluster", () => {
  test("that is sound has nothing amiss, and what cannot be read is not called sound", () => {
    expect(amiss({})).toEqual([]);
    const unchecked = judgeKafka(facts({}), EXPECTED).filter(({ level }) => level === "unchecked");
    expect(unchecked.map(({ check }) => check)).toEqual([
      "kafka.min_insync_replicas",
      "kafka.max_message_bytes",
      "clock.kafka",
    ]);
  });

  test.each([
    ["a topic missing for which events wait", { orders: GONE }, "problem kafka.topics"],
    ["a topic that may not be written", { orders: { operations: ["read"] } }, "problem kafka.topics"],
    ["a topic that may not be seen", { orders: { error: { kind: "denied", reason: "no" } } }, "problem kafka.topics"],
    ["a partition without a leader", { orders: { leaderless: [2], inSync: 0 } }, "problem kafka.topics"],
    ["a replica out of sync", { orders: { inSync: 2 } }, "warning kafka.topics"],
    ["one replica on three brokers", { orders: { replicas: 1, inSync: 1 } }, "warning kafka.topics"],
    ["no progress topic", { progress: GONE }, "warning kafka.progress"],
    ["too few partitions for numbers", { progress: { partitions: 2 } }, "warning kafka.progress"],
    ["numbers that nobody may read", { progress: { operations: ["write"] } }, "problem kafka.progress"],
    ["numbers that a retention deletes", { progressCutAt: [1] }, "warning kafka.progress"],
    ["short transactions", { transactions: { kind: "too-long", reason: "no" } }, "problem kafka.transactions"],
    ["transactions denied", { transactions: { kind: "denied", reason: "no" } }, "problem kafka.transactions"],
    ["no transactions", { transactions: { kind: "unsupported", reason: "no" } }, "problem kafka.transactions"],
    ["no transaction coordinator", { transactions: { kind: "failed", reason: "no" } }, "problem kafka.transactions"],
  ] as [string, Changed, string][])("with %s is told so, once", (_, changed, expected) => {
    expect(amiss(changed)).toEqual([expected]);
  });

  test("is named in each command that mends it", () => {
    const commands = judgeKafka(facts({ orders: GONE, progress: GONE }), EXPECTED).flatMap(({ mend }) => mend ?? []);
    expect(commands.filter((command) => /kafka-\w+\.sh/.test(command)).length).toBeGreaterThan(3);
    for (const command of commands) expect(command).not.toContain("--bootstrap-server …");
  });

  test("of one broker is not asked for more replicas than it can hold", () => {
    expect(amiss({ brokers: 1, orders: { replicas: 1, inSync: 1 }, progress: { replicas: 1, inSync: 1 } })).toEqual([]);
  });

  test("needs no transactions and no numbers for at-least-once", () => {
    expect(amiss({ transactions: null, progress: GONE })).toEqual([]);
  });

  test("is not blamed for a topic that nothing waits for", () => {
    expect(amiss({ orders: GONE }, { topics: [{ topic: "orders", waiting: 0 }] })).toEqual(["warning kafka.topics"]);
  });

  test("a payload that is enqueued and never sent is found", () => {
    expect(amiss({}, { payloadBytesMax: 2_000_000 })).toEqual(["warning kafka.message_size"]);
    expect(amiss({}, { payloadBytesMax: 2_000_000, clientMessageBytesMax: 3_000_000 })).toEqual([]);
  });

  test("a thousand missing topics are no thousand lines", () => {
    const topics = Array.from({ length: 1_000 }, (_, n) => ({ topic: `t${n}`, waiting: 1 }));
    const all = new Map(topics.map(({ topic }) => [topic, GONE] as const));
    const findings = judgeKafka(
      { ...facts({}), topics: new Map([...all, ["siding.progress", TOPIC]]) },
      { ...EXPECTED, topics },
    );
    expect(findings.length).toBeLessThan(40);
    expect(findings.some(({ what }) => what === "and 980 more findings on topics")).toBe(true);
  });
});
