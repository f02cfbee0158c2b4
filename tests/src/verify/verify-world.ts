import Kafka from "@confluentinc/kafka-javascript";
import { migrate } from "@siding/store-postgres/migrate.js";
import type { QueryResultRow } from "pg";
import { expect } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic, deleteTopic } from "../topics.js";

const PARTITIONS = 3;

export interface VerifyOutput {
  readonly complete: boolean;
  readonly events: number;
  readonly scanned_records: number;
  readonly other_records: number;
  readonly shards: readonly { readonly shard: number; readonly recorded_since: string | null }[];
  readonly sums: readonly {
    readonly agrees: boolean;
    readonly recorded: { readonly events: number };
    readonly log: { readonly events: number };
    readonly kafka: { readonly events: number };
    readonly partitions: readonly { readonly events: number }[];
  }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly named: readonly {
    readonly fault: string;
    readonly event_id: string;
    readonly tenant_id: string | null;
    readonly topic: string;
    readonly places: readonly { readonly topic: string; readonly partition: number; readonly offset: string }[];
  }[];
  readonly notes: readonly string[];
}

export interface OutsideRecord {
  readonly topic: string;
  readonly eventId: string;
  readonly producerId?: string;
  readonly replayJobId?: string;
}

/** A deployment of two shards with one topic, and what an outsider can do to it. */
export class VerifyWorld {
  readonly database: TestDatabase;
  readonly topic: string;
  readonly #name: string;
  readonly #brokers: string;
  readonly #relays: SidingProcess[] = [];

  private constructor(database: TestDatabase, brokers: string, name: string) {
    this.database = database;
    this.#brokers = brokers;
    this.#name = name;
    this.topic = `${name}.orders`;
  }

  static async create(serverUrl: string, brokers: string, name: string): Promise<VerifyWorld> {
    const database = await createTestDatabase(serverUrl, { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 2 });
    const world = new VerifyWorld(database, brokers, name);
    await createTopic(brokers, world.topic, PARTITIONS);
    return world;
  }

  query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(text, values);
  }

  async enqueue(events: number, topic = this.topic): Promise<void> {
    await this.query("select siding.enqueue($1, '{}', 'tenant-' || n % 7) from generate_series(1, $2::int) n", [
      topic,
      events,
    ]);
  }

  async eventIds(): Promise<string[]> {
    return (await this.query<{ event_id: string }>("select event_id from siding.event order by seq")).map(
      (row) => row.event_id,
    );
  }

  async publishAll(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const ended = await this.relay({ settings }, "--until-empty").ended;
    expect(ended.code, ended.stderr).toBe(0);
  }

  relay({ settings = {} as Readonly<Record<string, string>> } = {}, ...args: string[]): SidingProcess {
    const relay = new SidingProcess(["relay", ...args], { ...this.environment, ...settings });
    this.#relays.push(relay);
    return relay;
  }

  verify(...args: string[]): Promise<FinishedCommand> {
    return this.verifyWith({}, ...args);
  }

  verifyWith(settings: Readonly<Record<string, string>>, ...args: string[]): Promise<FinishedCommand> {
    return new SidingProcess(["verify", ...args], { ...this.environment, ...settings }).ended;
  }

  /** What it finds, with the exit code that it must have. */
  async finds(code: 0 | 1, ...args: string[]): Promise<VerifyOutput> {
    const ended = await this.verify(...args, "-o", "json");
    expect(ended, `${ended.stderr}${ended.stdout.slice(0, 3_000)}`).toMatchObject({ code });
    return JSON.parse(ended.stdout) as VerifyOutput;
  }

  /** Writes records as somebody who is no relay can. */
  async writeFromOutside(...records: readonly OutsideRecord[]): Promise<void> {
    const producer = new Kafka.Producer({ "bootstrap.servers": this.#brokers, dr_cb: true } as never);
    await new Promise<void>((resolve, reject) => producer.connect({}, (error) => (error ? reject(error) : resolve())));
    try {
      for (const { topic, eventId, producerId, replayJobId } of records) {
        const headers = [
          { "event-id": eventId },
          ...(producerId === undefined ? [] : [{ "x-producer-id": producerId }]),
          ...(replayJobId === undefined ? [] : [{ "replay-job-id": replayJobId }]),
        ];
        producer.produce(topic, null, Buffer.from("{}"), "outside", undefined, undefined, headers as never);
      }
      await new Promise<void>((resolve, reject) =>
        producer.flush(20_000, (error) => (error ? reject(error) : resolve())),
      );
    } finally {
      await new Promise((resolve) => producer.disconnect(0, () => resolve(undefined)));
    }
  }

  /** Takes the topic away, and makes an empty one of the same name. */
  async recreateTopic(): Promise<void> {
    await deleteTopic(this.#brokers, this.topic);
    // The broker forgets a topic a moment after it has said so.
    await expect.poll(() => createTopic(this.#brokers, this.topic, PARTITIONS).then(() => "made", String)).toBe("made");
  }

  /** Deletes the records of a partition below an offset, as retention does. */
  async deleteRecords(partition: number, offset: number): Promise<void> {
    const admin = new Kafka.KafkaJS.Kafka({ kafkaJS: { brokers: this.#brokers.split(",") } }).admin();
    await admin.connect();
    try {
      await admin.deleteTopicRecords({ topic: this.topic, partitions: [{ partition, offset: String(offset) }] });
    } finally {
      await admin.disconnect();
    }
  }

  get producerId(): string {
    return `siding-${this.#name}-0`;
  }

  get environment(): Record<string, string> {
    return {
      DATABASE_URL: this.database.url,
      KAFKA_BROKERS: this.#brokers,
      SIDING_HTTP: "127.0.0.1:0",
      SIDING_DEPLOYMENT: this.#name,
      SIDING_LEASE_MS: "2000",
      SIDING_BATCH_EVENTS: "40",
    };
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) relay.kill("SIGKILL");
    await Promise.all(this.#relays.map((relay) => relay.ended));
    await this.database.drop();
  }
}
