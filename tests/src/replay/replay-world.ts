import { migrate } from "@siding/store-postgres/migrate.js";
import type { ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";
import { expect } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

/** A job as `siding jobs show -o json` prints it. */
export interface PrintedJob {
  readonly job_id: string;
  readonly state: string;
  readonly asked: number;
  readonly counts: Readonly<Record<"replayed" | "redriven" | "discarded" | "waiting" | "failed", number>>;
}

/** A deployment of two shards with one topic of one partition, so that all that arrives has one order. */
export class ReplayWorld {
  readonly topic: string;
  readonly reader: CommittedReader;
  readonly #database: TestDatabase;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #relays: SidingProcess[] = [];

  private constructor(database: TestDatabase, reader: CommittedReader, topic: string, brokers: string) {
    this.#database = database;
    this.reader = reader;
    this.topic = topic;
    this.#environment = {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers,
      SIDING_DEPLOYMENT: topic,
      SIDING_HTTP: "127.0.0.1:0",
      SIDING_LEASE_MS: "1000",
      SIDING_TENANT_QUOTA: "none",
      SIDING_MAX_ATTEMPTS: "2",
    };
  }

  static async create(serverUrl: string, brokers: string, topic: string): Promise<ReplayWorld> {
    const database = await createTestDatabase(serverUrl, { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 2 });
    await createTopic(brokers, topic, 1);
    return new ReplayWorld(database, await CommittedReader.open(brokers, topic, 1), topic, brokers);
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) relay.kill("SIGKILL");
    await Promise.all(this.#relays.map((relay) => relay.ended));
    await this.reader.close();
    await this.#database.drop();
  }

  relay(): SidingProcess {
    const relay = new SidingProcess(["relay"], this.#environment);
    this.#relays.push(relay);
    return relay;
  }

  query(sql: string, values: readonly unknown[] = []) {
    return this.#database.query(sql, values as unknown[]);
  }

  /** Events n of a tenant under five keys, each with its number as the payload. */
  async enqueue(tenant: string, from: number, to: number): Promise<void> {
    await this.query(
      `select siding.enqueue($1, to_jsonb(n), $2, key => $2 || '-' || n % 5)
      from generate_series($3::int, $4::int) n order by n`,
      [this.topic, tenant, from, to],
    );
  }

  run(...args: string[]): Promise<FinishedCommand> {
    return new SidingProcess(args, this.#environment).ended;
  }

  /** A command that prints JSON and ends well. */
  async ask<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, "-o", "json");
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as T;
  }

  job(jobId: string): Promise<PrintedJob> {
    return this.ask<PrintedJob>("jobs", "show", jobId);
  }

  /** What went out as itself (null), or for a job. */
  arrived(tenant: string, jobId: string | null = null): ReceivedRecord[] {
    return this.reader.records.filter(
      ({ headers }) => headers["tenant-id"] === tenant && (headers["replay-job-id"] ?? null) === jobId,
    );
  }

  numbers(tenant: string, jobId: string | null = null): number[] {
    return this.arrived(tenant, jobId).map(({ value }) => Number(value));
  }
}

export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}
