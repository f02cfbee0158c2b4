import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import Kafka from "@confluentinc/kafka-javascript";
import { KAFKA_VERSION } from "@siding/embedded/kafka-distribution.js";
import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";

/** What a figure cannot be read without. */
export interface MachineFacts {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  /** Over the last minute, before the first measurement. */
  readonly loadAverage: number;
  readonly node: string;
  readonly postgres: string;
  readonly postgresSettings: Readonly<Record<string, string>>;
  readonly kafka: string;
  readonly kafkaClient: string;
}

/** Settings that decide what a durable commit costs. */
const SETTINGS = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "wal_level", "max_wal_size"];

export async function machineFacts(services: RunningServices): Promise<MachineFacts> {
  const client = new pg.Client({ connectionString: services.databaseUrl });
  await client.connect();
  const version = await client.query("show server_version");
  const settings = await client.query("select name, current_setting(name) as value from unnest($1::text[]) as name", [
    SETTINGS,
  ]);
  await client.end();
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memoryGigabytes: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: release(),
    loadAverage: loadavg()[0]!,
    node: process.version,
    postgres: version.rows[0].server_version,
    postgresSettings: Object.fromEntries(settings.rows.map((row) => [row.name, row.value])),
    kafka: services.kafka ? KAFKA_VERSION : "of KAFKA_BROKERS, unknown",
    kafkaClient: `@confluentinc/kafka-javascript ${clientVersion()}, librdkafka ${Kafka.librdkafkaVersion}`,
  };
}

function clientVersion(): string {
  const manifest = import.meta.resolve("@confluentinc/kafka-javascript/package.json");
  return JSON.parse(readFileSync(new URL(manifest), "utf8")).version;
}
