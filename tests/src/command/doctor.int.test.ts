import { randomBytes } from "node:crypto";
import Kafka from "@confluentinc/kafka-javascript";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

interface Diagnosis {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly level: string;
    readonly what: string;
    readonly mend: string;
  }[];
  readonly unchecked: readonly { readonly check: string; readonly what: string; readonly how: string }[];
}

const SLOT = "forgotten";
const deployment = `doctor-${randomBytes(4).toString("hex")}`;
let server: RunningPostgres;
let database: TestDatabase;

beforeAll(async () => {
  // Transactions held open, slots and settings concern a whole server: this one is the test's own.
  server = await startPostgres({ settings: { max_prepared_transactions: 2, wal_level: "replica" } });
  database = await createTestDatabase(server.url);
});
afterAll(async () => {
  await database.drop();
  await server.stop();
});

function doctor(settings: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<FinishedCommand> {
  return new SidingProcess(["doctor", ...args], {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: inject("kafkaBrokers"),
    SIDING_DEPLOYMENT: deployment,
    ...settings,
  }).ended;
}

async function diagnose(
  code: number,
  settings: Readonly<Record<string, string>> = {},
  ...args: string[]
): Promise<Diagnosis> {
  const ended = await doctor(settings, "-o", "json", ...args);
  expect(ended, ended.stderr + ended.stdout).toMatchObject({ code });
  return JSON.parse(ended.stdout) as Diagnosis;
}

/** What was found amiss, without what is so on any embedded Kafka of one node. */
function amiss({ findings }: Diagnosis): string[] {
  return findings.filter(({ level }) => level !== "ok").map(({ check, level }) => `${level} ${check}`);
}

describe("siding doctor", () => {
  test("finds nothing amiss where all is well, says what it cannot see, and ends with 0", async () => {
    await createTopic(inject("kafkaBrokers"), `${deployment}.orders`, 2);
    await database.query("select siding.enqueue($1, '{}')", [`${deployment}.orders`]);
    // Makes siding.progress, and pins the servers.
    const relay = new SidingProcess(["relay", "--until-empty"], {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: inject("kafkaBrokers"),
      SIDING_DEPLOYMENT: deployment,
      SIDING_HTTP: "127.0.0.1:0",
    });
    expect(await relay.ended).toMatchObject({ code: 0 });
    const diagnosis = await diagnose(0);
    expect(amiss(diagnosis)).toEqual([]);
    expect(diagnosis.ok).toBe(true);
    expect(diagnosis.unchecked.map(({ check }) => check)).toContain("kafka.min_insync_replicas");
    expect(diagnosis.unchecked.every(({ how }) => how !== "")).toBe(true);
  });

  test("finds a missing topic that events wait for, and ends with 1", async () => {
    const topic = `${deployment}.missing`;
    await database.query("select siding.enqueue($1, '{}')", [topic]);
    const diagnosis = await diagnose(1);
    expect(diagnosis.findings[0]).toMatchObject({
      check: "kafka.topics",
      level: "problem",
      what: expect.stringContaining(topic),
      mend: expect.stringContaining(`--create --topic ${topic} `),
    });
    await createTopic(inject("kafkaBrokers"), topic, 1);
    await diagnose(0);
  });

  test("finds synchronous_commit off, for all and for one role", async () => {
    await database.query("alter system set synchronous_commit = off");
    await database.query("alter role siding_emitter set synchronous_commit = off");
    await database.query("select pg_reload_conf()");
    // A backend takes the new settings when it next waits for a command.
    await expect.poll(async () => (await database.query("show synchronous_commit"))[0]!.synchronous_commit).toBe("off");
    const { findings } = await diagnose(0);
    expect(findings.find(({ check }) => check === "postgres.synchronous_commit")).toMatchObject({
      level: "warning",
      what: expect.stringMatching(/sessions have off, role siding_emitter has off/),
    });
    await database.query("alter role siding_emitter reset synchronous_commit");
    await database.query("alter system reset synchronous_commit");
    await database.query("select pg_reload_conf()");
  });

  test("finds a long transaction, who holds it, and how to end it", async () => {
    const holder = new pg.Client({ connectionString: database.url, application_name: "month-end" });
    const ended = new Promise((resolve) => holder.on("error", resolve));
    await holder.connect();
    await holder.query("begin");
    await holder.query("select siding.enqueue($1, '{}')", [`${deployment}.orders`]);
    const { findings } = await diagnose(0, {}, "--max-transaction", "1ms");
    const found = findings.find(({ what }) => what.includes("month-end"));
    expect(found).toMatchObject({
      check: "postgres.transactions",
      level: "warning",
      what: expect.stringContaining("events that it enqueued wait"),
    });
    const mend = /select pg_terminate_backend\(\d+\);/.exec(found!.mend)![0];
    await database.query(mend);
    await ended;
    expect(amiss(await diagnose(0, {}, "--max-transaction", "1ms"))).not.toContain("warning postgres.transactions");
  });

  test("finds a prepared transaction and a slot that nobody reads", async () => {
    const gid = "it's waiting";
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query("begin");
    await client.query("select siding.enqueue($1, '{}')", [`${deployment}.orders`]);
    await client.query("prepare transaction 'it''s waiting'");
    await client.end();
    await database.query("select pg_create_physical_replication_slot($1, true)", [SLOT]);
    const { findings } = await diagnose(0, {}, "--max-transaction", "1ms");
    const prepared = findings.find(({ check }) => check === "postgres.prepared_transactions");
    expect(prepared).toMatchObject({ level: "warning", what: expect.stringContaining(gid) });
    await database.query(/rollback prepared .*;/.exec(prepared!.mend)![0]);
    const slot = findings.find(({ check }) => check === "postgres.replication_slots");
    expect(slot).toMatchObject({ level: "warning", what: expect.stringContaining(SLOT) });
    await database.query(/select pg_drop_replication_slot.*;/.exec(slot!.mend)![0]);
    expect(amiss(await diagnose(0))).toEqual([]);
  });

  test("finds rights that a restore lost, and each mend brings them back", async () => {
    await database.query("revoke delete on siding.failure from siding_relay");
    await database.query(
      "revoke usage on schema siding from siding_relay, siding_admin, siding_emitter, siding_tenant",
    );
    const { findings } = await diagnose(1);
    const lost = findings.find(({ check }) => check === "schema.privileges");
    expect(lost).toMatchObject({ level: "problem" });
    await database.query(lost!.mend);
    await diagnose(0);
  });

  test("finds them on every table that relays, operators and bound tokens need, to the column", async () => {
    const rights = `
      select table_name::text, grantee::text, privilege_type::text, 'table' as of
      from information_schema.table_privileges where table_schema = 'siding' and grantee ~ '^siding_(relay|admin|tenant)$'
      union all
      select table_name, grantee, privilege_type, column_name
      from information_schema.column_privileges where table_schema = 'siding' and grantee ~ '^siding_(relay|admin|tenant)$'
      order by 1, 2, 3, 4`;
    const before = await database.query(rights);
    await database.query("revoke all on all tables in schema siding from siding_relay, siding_admin, siding_tenant");
    const { findings } = await diagnose(1);
    const lost = findings.find(({ check }) => check === "schema.privileges");
    await database.query(lost!.mend);
    await diagnose(0);
    const after = JSON.stringify(await database.query(rights));
    const missing = before.filter((right) => !after.includes(JSON.stringify(right)));
    expect([
      ...new Set(missing.map((right) => `${right.grantee} ${right.privilege_type} ${right.table_name}`)),
    ]).toEqual([]);
  });

  test("tells a user who may do nothing which role to ask for", async () => {
    await database.query("create role stranger login password 'secret-word'");
    const url = new URL(database.url);
    url.username = "stranger";
    url.password = "secret-word";
    const diagnosis = await diagnose(1, { DATABASE_URL: url.href });
    expect(diagnosis.findings[0]).toMatchObject({
      check: "schema.membership",
      level: "problem",
      mend: expect.stringContaining('grant siding_relay to "stranger"; grant siding_admin to "stranger";'),
    });
    expect(diagnosis.unchecked).toContainEqual(
      expect.objectContaining({ check: "postgres.transactions", how: 'grant pg_read_all_stats to "stranger";' }),
    );
    expect(JSON.stringify(diagnosis)).not.toContain("secret-word");
    await database.query("drop role stranger");
  });

  test("finds another deployment's name, and says whose database it is", async () => {
    const { findings } = await diagnose(1, { SIDING_DEPLOYMENT: "other" });
    expect(findings.find(({ check }) => check === "identity")).toMatchObject({
      level: "problem",
      mend: expect.stringContaining(`SIDING_DEPLOYMENT=${deployment}`),
    });
  });

  test("looks at the one system when the other is away, and ends with 3", async () => {
    const away = await diagnose(3, { KAFKA_BROKERS: "127.0.0.1:1" });
    expect(away.findings[0]).toMatchObject({ check: "kafka.reachable", level: "problem" });
    expect(away.findings).toContainEqual(expect.objectContaining({ check: "postgres.fsync", level: "ok" }));
    const gone = await diagnose(3, { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/none" });
    expect(gone.findings[0]).toMatchObject({ check: "postgres.reachable", level: "problem" });
    expect(gone.findings).toContainEqual(expect.objectContaining({ check: "kafka.reachable", level: "ok" }));
  });

  test("prints for people too, without colour on a pipe", async () => {
    const { stdout, code } = await doctor();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {9}postgres\.version +Postgres \d+/m);
    expect(stdout).toContain("0 problem, 0 warning");
    expect(stdout).not.toContain("\u001b");
  });

  test("refuses a time that is none", async () => {
    const { code, stderr } = await doctor({}, "--max-transaction", "soon");
    expect(code).toBe(2);
    expect(stderr).toContain('--max-transaction is "soon"');
  });
});

describe("siding doctor, on a Kafka of its own", () => {
  let kafka: RunningKafka;
  afterEach(() => kafka?.stop());

  test("finds transactions that are too short for the relay", async () => {
    kafka = await startKafka({ properties: { "transaction.max.timeout.ms": 30_000 } });
    const { findings } = await diagnose(1, { KAFKA_BROKERS: kafka.brokers });
    expect(findings.find(({ check }) => check === "kafka.transactions")).toMatchObject({
      level: "problem",
      mend: expect.stringContaining("transaction.max.timeout.ms"),
    });
    // It is also another Kafka than the one that the deployment began with.
    expect(findings.find(({ check }) => check === "identity")!.what).toContain("Kafka's cluster id was");
  });

  test("finds numbers that a retention deleted", async () => {
    kafka = await startKafka();
    await createTopic(kafka.brokers, "siding.progress", 4, { "cleanup.policy": "delete" });
    await deleteFirst(kafka.brokers, "siding.progress");
    const { findings } = await diagnose(1, { KAFKA_BROKERS: kafka.brokers });
    expect(findings.find(({ check }) => check === "kafka.progress")).toMatchObject({
      level: "warning",
      what: expect.stringContaining("records were deleted from the start of partition 0 of siding.progress"),
      mend: expect.stringContaining("cleanup.policy=compact"),
    });
  });
});

/** Writes a record into partition 0, and deletes it as a retention does. */
async function deleteFirst(brokers: string, topic: string): Promise<void> {
  const connection = { "bootstrap.servers": brokers };
  const ask = (call: (done: (error: unknown) => void) => unknown): Promise<void> =>
    new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
  const producer = new Kafka.Producer(connection);
  await ask((done) => producer.connect({}, done));
  producer.produce(topic, 0, Buffer.from("1"), "another-deployment");
  await ask((done) => producer.flush(20_000, done));
  await ask((done) => producer.disconnect(0, done));
  const admin = Kafka.AdminClient.create(connection);
  await ask((done) => admin.deleteRecords([{ topic, partition: 0, offset: 1 }], { timeout: 20_000 }, done));
  admin.disconnect();
}
