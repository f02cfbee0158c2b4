import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Kafka from "@confluentinc/kafka-javascript";
import { AdminClient } from "@siding/admin/client/admin-client.js";
import { ERRORS, type ErrorCode } from "@siding/core/errors.js";
import { settle } from "@siding/core/recovery/settle.js";
import { brokerError } from "@siding/publisher-kafka/broker-errors.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { scanEventIds } from "@siding/publisher-kafka/scan-event-ids.js";
import { Connections, storeError } from "@siding/store-postgres/connection.js";
import { InspectionSession } from "@siding/store-postgres/inspection-session.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { readMigrations } from "@siding/store-postgres/migration-files.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { loadConfig } from "siding/config/load-config.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

const { ERRORS: KAFKA } = Kafka.CODES;
const brokers = inject("kafkaBrokers");
let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
});
afterEach(() => database.drop());

/** What the store says at its first call. */
async function asked(url: string): Promise<unknown> {
  const store = new PostgresStore(new Connections(url, 1));
  try {
    return await store.deployment();
  } finally {
    await store.close();
  }
}

function otherUrl(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

/** What a command that ended badly says; a code's mend is its own. */
async function said(process: SidingProcess): Promise<never> {
  const { code, stderr } = await process.ended;
  const last = stderr.trim().split("\n").at(-1)!;
  const found = Object.entries(ERRORS).filter(([, { mend, exit }]) => last.endsWith(mend) && exit === code);
  throw Object.assign(new Error(stderr), { code: found.map(([name]) => name).join(" or ") });
}

function relay(): SidingProcess {
  const settings = { SIDING_DEPLOYMENT: `every-error-${randomUUID()}` };
  return SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers: brokers, settings }, "--until-empty");
}

async function deleteRecordsBefore(topic: string, offset: number): Promise<void> {
  const admin = Kafka.AdminClient.create({ "bootstrap.servers": brokers });
  const done = new Promise<void>((resolve, reject) => {
    const answer = (error: unknown): void => (error ? reject(error) : resolve());
    admin.deleteRecords([{ topic, partition: 0, offset }], { timeout: 20_000 } as never, answer as never);
  });
  await done.finally(() => admin.disconnect());
}

const lossy = { shard: 0, promotedBatch: 7n, plannedBatch: 8n, progressAgeMs: 1 };

/** How each code comes about: by the real thing where that can be had here, else by the code that maps it. */
const PROVOKED: Record<ErrorCode, () => Promise<unknown>> = {
  SIDING_CONFIG_INVALID: async () =>
    loadConfig({ options: {}, environment: { SIDING_LEASE_MS: "5s" }, directory: "/nowhere" }),
  SIDING_USAGE: () => migrate({ databaseUrl: database.url, to: 9_999 }),
  SIDING_STORE_UNREACHABLE: () => asked("postgres://127.0.0.1:1/x"),
  SIDING_STORE_AUTH: () => asked(otherUrl((url) => (url.pathname = "/nowhere"))),
  SIDING_STORE_STANDBY: async () => {
    throw storeError({ code: "25006", message: "cannot execute UPDATE in a read-only transaction" }, "db:5432/x");
  },
  SIDING_STORE_PRIVILEGE: async () => {
    const name = `every_error_${process.pid}`;
    await database.query(`create role ${name} login password 'p'`);
    try {
      return await asked(otherUrl((url) => Object.assign(url, { username: name, password: "p" })));
    } finally {
      await database.query(`drop role ${name}`);
    }
  },
  SIDING_SCHEMA_MISSING: async () => {
    await migrate({ databaseUrl: database.url, to: 0 });
    return asked(database.url);
  },
  SIDING_SCHEMA_TOO_NEW: async () => {
    await database.query("insert into siding.migration (version, name, is_breaking) values (999, 'later', true)");
    return asked(database.url);
  },
  SIDING_SCHEMA_OUTDATED: async () => {
    await database.query("delete from siding.migration where version = (select max(version) from siding.migration)");
    await database.query("insert into siding.migration values (0, 'before', false) on conflict do nothing");
    return asked(database.url);
  },
  SIDING_MIGRATION_BLOCKED: async () => {
    await database.query(
      `insert into siding.relay (relay_id, host, process_id, version, schema_version, alive_until)
      values (gen_random_uuid(), 'h', 1, '0', 1, now() + interval '1 minute')`,
    );
    return migrate({ databaseUrl: database.url, to: 0 });
  },
  SIDING_MIGRATION_FAILED: () => {
    const migrations = readMigrations();
    const bad = { version: migrations.length + 1, name: "bad", isBreaking: false, up: "select 1/0", down: "" };
    return migrate({ databaseUrl: database.url, migrations: [...migrations, bad] });
  },
  SIDING_BROKER_UNREACHABLE: () =>
    KafkaPublisher.connect({ brokers: "127.0.0.1:1", deployment: "x", shards: 1, properties: {} }, "exactly-once"),
  SIDING_BROKER_AUTH: async () => {
    throw brokerError({ code: KAFKA.ERR_SASL_AUTHENTICATION_FAILED, message: "wrong password" }, "connecting", brokers);
  },
  SIDING_BROKER_UNSUPPORTED: async () => {
    throw brokerError({ code: KAFKA.ERR__UNSUPPORTED_FEATURE, message: "no transactions" }, "opening", brokers);
  },
  SIDING_TOPIC_UNAVAILABLE: async () => {
    await database.query("select siding.enqueue('every-error-nowhere', '1')");
    return said(relay());
  },
  SIDING_FENCED: async () => {
    const kafka = { brokers, deployment: `fenced-${randomUUID()}`, shards: 1, properties: {} };
    const publisher = await KafkaPublisher.connect(kafka, "exactly-once");
    try {
      const zombie = await publisher.open(0);
      const owner = await publisher.open(0);
      await zombie.commitNumber(1n).finally(() => Promise.all([zombie.close(), owner.close()]));
    } finally {
      await publisher.close();
    }
  },
  SIDING_IDENTITY_CHANGED: async () => {
    await database.query(
      "update siding.deployment set kafka_cluster_id = 'another', system_identifier = 1, timeline = 1",
    );
    return said(relay());
  },
  SIDING_PROGRESS_UNKNOWN: async () => Promise.reject(settle({ ...lossy, committedBatch: 3n })),
  SIDING_PROGRESS_LOST: async () => Promise.reject(settle({ ...lossy, committedBatch: null })),
  SIDING_SHARD_HALTED: async () => {
    await database.query("update siding.shard set halted_reason = 'history lost'");
    return said(relay());
  },
  SIDING_VERDICT_REFUSED: async () => {
    await database.query("update siding.shard set promoted_batch = 7, last_batch = 7");
    const command = ["recover", "--all", "--verdict", "adopt", "--reason", "provoked", "--yes"];
    return said(new SidingProcess(command, { DATABASE_URL: database.url, KAFKA_BROKERS: brokers }));
  },
  SIDING_SCAN_INCOMPLETE: async () => {
    const topic = `every-error-${randomUUID()}`;
    await createTopic(brokers, topic, 1);
    await database.query("select siding.enqueue($1, '1') from generate_series(1, 3)", [topic]);
    expect((await relay().ended).code).toBe(0);
    await deleteRecordsBefore(topic, 2);
    const kafka = { brokers, deployment: `scan-${randomUUID()}`, shards: 1, properties: {} };
    return scanEventIds({ kafka, topics: new Map([[topic, 0]]), onRecords: async () => {} });
  },
  SIDING_REPLAY_OFF: async () => {
    await database.query(
      "insert into siding.policy (name, tenant_id, replay, actor, reason) values ('tenant/quiet', 'quiet', false, 'test', 'test')",
    );
    return said(
      new SidingProcess(["events", "replay", "--tenant", "quiet", "--dry-run"], { DATABASE_URL: database.url }),
    );
  },
  SIDING_JOB_UNKNOWN: () => said(new SidingProcess(["jobs", "show", randomUUID()], { DATABASE_URL: database.url })),
  SIDING_EVENT_UNKNOWN: () => said(new SidingProcess(["events", "show", randomUUID()], { DATABASE_URL: database.url })),
  SIDING_QUERY_TOO_WIDE: async () => {
    const slow = { name: "slow", text: "select pg_sleep(10)" };
    const options = { databaseUrl: database.url, statementTimeoutMs: 50 };
    return InspectionSession.during(options, (session) => session.atOneMoment(() => session.run(slow, [])));
  },
  SIDING_API_UNREACHABLE: () => new AdminClient({ url: "http://127.0.0.1:1", token: undefined }).status(),
  SIDING_API_REFUSED: async () => {
    const server = createServer((_request, response) => response.end("a page"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    return new AdminClient({ url: `http://127.0.0.1:${port}`, token: undefined })
      .status()
      .finally(() => server.close());
  },
  // Nothing that could start Kafka is found.
  SIDING_DEPENDENCY_MISSING: () =>
    said(new SidingProcess(["dev", "--seconds", "1"], { PATH: "/nowhere", JAVA_HOME: "/nowhere" })),
  SIDING_INTERNAL: async () => {
    throw storeError({ code: "22P02", message: "invalid input syntax" }, "db:5432/x");
  },
};

describe("every code of the table comes about", () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])("%s", async (code) => {
    await expect(PROVOKED[code]()).rejects.toMatchObject({ code });
  });
});
