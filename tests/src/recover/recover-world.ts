import { migrate } from "@siding/store-postgres/migrate.js";
import pg from "pg";
import { expect } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTopic } from "../topics.js";
import type { KafkaServer, PostgresServer } from "./servers.js";

export const LEASE_MS = 2_000;
const PARTITIONS = 3;

export interface RecoverOutput {
  readonly shards: readonly {
    readonly shard: number;
    readonly doubt: string;
    readonly events: number;
    readonly owed: number;
    readonly found_in_kafka: number;
    readonly may_double: number;
    readonly may_lose: number;
  }[];
}

/** How often each event that Postgres knows now is in Kafka, and how many records belong to none of them. */
export interface Arrived {
  /** Event ids by the number of their records. */
  readonly once: number;
  readonly missing: number;
  readonly doubled: number;
  /** Records of events that Postgres no longer knows. */
  readonly foreign: number;
}

/** One deployment with one topic, on servers that a test takes history from. */
export class RecoverWorld {
  readonly #postgres: PostgresServer;
  readonly #kafka: KafkaServer;
  readonly #name: string;
  readonly #relays: SidingProcess[] = [];

  private constructor(postgres: PostgresServer, kafka: KafkaServer, name: string) {
    this.#postgres = postgres;
    this.#kafka = kafka;
    this.#name = name;
  }

  static async create(
    postgres: PostgresServer,
    kafka: KafkaServer,
    name: string,
    { shards = 1 } = {},
  ): Promise<RecoverWorld> {
    const world = new RecoverWorld(postgres, kafka, name);
    await once(postgres.running.url, `create database ${name}`);
    await migrate({ databaseUrl: world.databaseUrl, shards });
    await world.createTopic();
    return world;
  }

  get databaseUrl(): string {
    const url = new URL(this.#postgres.running.url);
    url.pathname = `/${this.#name}`;
    return url.href;
  }

  get brokers(): string {
    return this.#kafka.running.brokers;
  }

  get topic(): string {
    return `events-${this.#name}`;
  }

  createTopic(): Promise<void> {
    return createTopic(this.brokers, this.topic, PARTITIONS);
  }

  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return once<Row>(this.databaseUrl, text, values);
  }

  /** Events of several tenants, each in a transaction of its own. */
  async enqueue(count: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      for (let n = 0; n < count; n++) {
        await client.query("select siding.enqueue($1, $2, $3)", [this.topic, JSON.stringify({ n }), `tenant-${n % 7}`]);
      }
    } finally {
      await client.end();
    }
  }

  startRelay(): SidingProcess {
    const relay = new SidingProcess(["relay"], this.#environment());
    this.#relays.push(relay);
    return relay;
  }

  /** `siding recover`, to its end. */
  recover(...args: string[]): Promise<FinishedCommand> {
    return new SidingProcess(["recover", ...args], this.#environment()).endedWithin(60_000);
  }

  /** Recovers as an operator who has decided does; answers what it says it has done. */
  async decide(...args: string[]): Promise<RecoverOutput> {
    const ended = await this.recover(...args, "--reason", "a test took history away", "--yes", "-o", "json");
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return JSON.parse(ended.stdout) as RecoverOutput;
  }

  /** What the same command would do. */
  async tryOut(...args: string[]): Promise<RecoverOutput> {
    const ended = await this.recover(...args, "--dry-run", "-o", "json");
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return JSON.parse(ended.stdout) as RecoverOutput;
  }

  /** Resolves once nothing is pending and nothing is under way. */
  async untilPublished(): Promise<void> {
    await this.until(
      "select count(*)::int from siding.events where status = 'pending' union all " +
        "select count(*)::int from siding.shard where planned_batch is not null",
      (rows) => rows.every((row) => row.count === 0),
    );
  }

  /** Resolves once the statement's rows are as wanted. */
  async until(text: string, isWanted: (rows: pg.QueryResultRow[]) => boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const rows = await this.query(text);
      if (isWanted(rows)) return;
      if (performance.now() > deadline) {
        const said = this.#relays.map((relay) => relay.log.slice(-1_500)).join("\n");
        throw new Error(`still not: ${text}: ${JSON.stringify(rows)}\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Holds what is in Kafka against what is in Postgres. */
  async arrived(): Promise<Arrived> {
    const rows = await this.query<{ event_id: string }>("select event_id from siding.event");
    const reader = await CommittedReader.open(this.brokers, this.topic, PARTITIONS);
    const records = await reader.until(0, { graceMs: 1_500 });
    await reader.close();
    const counts = new Map<string, number>(rows.map((row) => [row.event_id, 0]));
    let foreign = 0;
    for (const { headers } of records) {
      const id = headers["event-id"]!;
      const before = counts.get(id);
      if (before === undefined) foreign += 1;
      else counts.set(id, before + 1);
    }
    const having = (isIt: (count: number) => boolean): number => [...counts.values()].filter(isIt).length;
    return {
      once: having((count) => count === 1),
      missing: having((count) => count === 0),
      doubled: having((count) => count > 1),
      foreign,
    };
  }

  /** Publishes with a relay of its own until nothing is pending, and ends it in good order. */
  async publishAll(): Promise<void> {
    const relay = this.startRelay();
    await relay.logged(/shard \d+ taken/);
    await this.untilPublished();
    expect((await relay.stop()).code, relay.log).toBe(0);
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const relay of this.#relays) relay.kill("SIGKILL");
    await Promise.all(this.#relays.map((relay) => relay.ended));
  }

  #environment(): Record<string, string> {
    return {
      DATABASE_URL: this.databaseUrl,
      KAFKA_BROKERS: this.brokers,
      SIDING_HTTP: "127.0.0.1:0",
      SIDING_DEPLOYMENT: this.#name,
      SIDING_LEASE_MS: String(LEASE_MS),
    };
  }
}

/** The relay has halted: it says why in one line, and its code says that it is for safety. */
export async function halts(relay: SidingProcess, why: RegExp): Promise<void> {
  const ended = await relay.endedWithin(45_000);
  const lastWords = ended.stderr.split("\n").filter((line) => line.startsWith("siding: "));
  expect(lastWords, ended.stderr.slice(-2_000)).toHaveLength(1);
  expect(lastWords[0]).toMatch(why);
  expect(ended.code).toBe(4);
}

async function once<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // said again by the query that it breaks
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
