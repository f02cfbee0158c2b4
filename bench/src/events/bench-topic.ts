import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import Kafka, { type IAdminClient } from "@confluentinc/kafka-javascript";
import { promised } from "@siding/publisher-kafka/connect-client.js";

const TIMEOUT_MS = 30_000;
const UNKNOWN_TOPIC = 3;

export interface BenchTopic {
  readonly name: string;
  readonly partitions: number;
  drop(): Promise<void>;
}

/** A topic of its own for one measurement, resolved once the broker lists it. */
export async function createTopic(brokers: string, partitions: number): Promise<BenchTopic> {
  const name = `siding-bench-${randomBytes(4).toString("hex")}`;
  await withAdmin(brokers, async (admin) => {
    const topic = { topic: name, num_partitions: partitions, replication_factor: -1 };
    await promised((done) => admin.createTopic(topic, TIMEOUT_MS, done));
    // Created is not yet known to every handler: a producer that asks too early backs off for longer than this.
    await delay(500);
  });
  return { name, partitions, drop: () => dropTopic(brokers, name) };
}

async function dropTopic(brokers: string, name: string): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await promised((done) => admin.deleteTopic(name, TIMEOUT_MS, done)).catch((error) => {
      if (error.code !== UNKNOWN_TOPIC) throw error;
    });
  });
}

async function withAdmin(brokers: string, act: (admin: IAdminClient) => Promise<void>): Promise<void> {
  const admin = Kafka.AdminClient.create({ "bootstrap.servers": brokers });
  try {
    await act(admin);
  } finally {
    admin.disconnect();
  }
}
