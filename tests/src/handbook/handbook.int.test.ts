import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";
import { handbookCommands } from "./handbook-page.js";

const PAGE = handbookCommands();
const TOPIC = "orders.created";
const dirs = ["pg", "kafka"].map((name) => join(tmpdir(), `siding-handbook-${name}-${randomBytes(4).toString("hex")}`));
let postgres: RunningPostgres;
let kafka: RunningKafka;
let database: TestDatabase;
let relay: SidingProcess;
const tried: string[] = [];

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([startPostgres({ dataDir: dirs[0]! }), startKafka({ dataDir: dirs[1]! })]);
  database = await createTestDatabase(postgres.url);
  relay = startRelay();
});
afterAll(async () => {
  await relay?.stop();
  await postgres?.stop();
  await kafka?.stop();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  KAFKA_BROKERS: kafka.brokers,
  SIDING_HTTP: "127.0.0.1:0",
  SIDING_LEASE_MS: "2000",
});

function startRelay(): SidingProcess {
  return new SidingProcess(["relay"], environment());
}

/**
 * Runs a section's commands as they stand, one after another. What is not ours is done by its equivalent.
 * @param until for a command that follows something: what it must have printed before Ctrl-C
 */
async function follow(
  section: string,
  { only = /./, eventId = "", until = /./ }: { only?: RegExp; eventId?: string; until?: RegExp } = {},
): Promise<FinishedCommand[]> {
  const commands = PAGE.get(section);
  expect(commands, `the handbook has no section "${section}"`).toBeDefined();
  const answers: FinishedCommand[] = [];
  for (const command of commands!.filter((each) => only.test(each))) {
    tried.push(`${section}: ${command}`);
    const [program, ...args] = command.replace("EVENT-ID", eventId).split(/\s+/);
    if (program === "kafka-topics.sh") {
      const flagOf = (flag: string): string => args[args.indexOf(flag) + 1]!;
      await createTopic(kafka.brokers, flagOf("--topic"), Number(flagOf("--partitions")));
      continue;
    }
    expect(program).toBe("siding");
    const running = new SidingProcess(args, environment());
    if (args[0] === "tail") {
      await expect.poll(() => running.output, { timeout: 20_000 }).toMatch(until);
      running.kill("SIGINT");
    }
    const ended = await running.ended;
    // Usage, a server out of reach, a halt: none of these is what a reader is promised.
    expect(ended.code, `${command}\n${ended.stderr}`).toBeLessThan(2);
    answers.push(ended);
  }
  return answers;
}

async function enqueue(topic: string, { tenant = "acme", bytes = 2 } = {}): Promise<string> {
  const sql = "select (siding.enqueue($1, to_jsonb(repeat('x', $2)), $3)).event_id";
  return (await database.query<{ event_id: string }>(sql, [topic, bytes, tenant]))[0]!.event_id;
}

/** Until a probe of the handbook's is content. */
async function untilPublished(): Promise<void> {
  const pending = "select count(*)::int as n from siding.events where status = 'pending'";
  await expect.poll(async () => (await database.query(pending))[0]!.n, { timeout: 40_000 }).toBe(0);
}

describe("the handbook, as written", () => {
  test("a topic is missing: status and doctor name it, its command makes it, the relay goes on", async () => {
    await enqueue(TOPIC);
    await expect
      .poll(async () => (await new SidingProcess(["status"], environment()).ended).stdout, { timeout: 30_000 })
      .toMatch(/is waiting for topic orders\.created/);
    const [status, check, doctor] = await follow("What is stuck, and why");
    expect(status!.stdout).toMatch(/^shard \d is waiting for topic orders\.created/m);
    expect(check!.code).toBe(0);
    expect(doctor).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^problem +kafka\.topics +orders\.created/m),
    });

    const [pending, dead] = await follow("A tenant is stuck", { until: /enqueued/ });
    expect(pending!.stdout).toMatch(/pending.*orders\.created/);
    expect(dead!.stdout).toContain("no dead letters");

    await follow("A topic is missing", { only: /doctor|kafka-topics/ });
    await untilPublished();
    const [probe] = await follow("A topic is missing", { only: /check/ });
    expect(probe).toMatchObject({ code: 0 });
  });

  test("a tenant is stuck behind a transaction that nobody ends: doctor names who holds it", async () => {
    const holder = new pg.Client({ connectionString: database.url, application_name: "checkout" });
    holder.on("error", () => {});
    await holder.connect();
    await holder.query("begin; select siding.enqueue('orders.created', '{}', 'acme')");
    // The handbook's 30 s are longer than a test waits.
    const doctor = await new SidingProcess(["doctor", "--max-transaction", "1ms"], environment()).ended;
    expect(doctor.stdout).toMatch(/warning +postgres\.transactions .*checkout/);
    await holder.query("rollback");
    await holder.end();
    expect((await follow("A tenant is stuck", { only: /doctor/ }))[0]).toMatchObject({ code: 0 });
  });

  test("an event is dead: the lists lead to its error and payload", async () => {
    await relay.stop();
    await database.query("update siding.deployment set payload_bytes_max = 3000000");
    const eventId = await enqueue(TOPIC, { bytes: 1_500_000 });
    const attempts = { ...environment(), SIDING_MAX_ATTEMPTS: "1" };
    expect(await new SidingProcess(["relay", "--until-empty"], attempts).ended).toMatchObject({ code: 0 });
    relay = startRelay();
    const [groups, events, shown] = await follow("An event is dead", { eventId });
    expect(groups!.stdout).toMatch(/Message size too large/);
    expect(events!.stdout).toContain(eventId);
    expect(shown!.stdout).toMatch(/last error.*Message size too large/);
    await database.query("update siding.deployment set payload_bytes_max = 1000000");
  });

  test("Postgres or Kafka restarts: the relay goes on by itself", async () => {
    const { port: kafkaPort } = kafka;
    await kafka.stop();
    await enqueue(TOPIC);
    kafka = await startKafka({ dataDir: dirs[1]!, port: kafkaPort });
    await untilPublished();
    const { port } = postgres;
    await postgres.stop();
    postgres = await startPostgres({ dataDir: dirs[0]!, port });
    await enqueue(TOPIC);
    await untilPublished();
    const [status, check] = await follow("Postgres or Kafka restarts");
    expect(status!.stdout).not.toMatch(/halted|no relay/);
    expect(check).toMatchObject({ code: 0 });
  });

  test("is all of it really in Kafka? before an upgrade; nothing halted", async () => {
    for (const verified of await follow("Is all of it really in Kafka?")) expect(verified).toMatchObject({ code: 0 });
    const [doctor, plan] = await follow("Before an upgrade");
    expect(doctor, doctor!.stdout).toMatchObject({ code: 0 });
    expect(plan!.stdout).toContain("nothing to do");
    const [recover] = await follow("The relay halted");
    expect(recover).toMatchObject({ code: 0 });
  });

  test("leaves no command of the page untried", () => {
    const written = [...PAGE].flatMap(([section, commands]) => commands.map((command) => `${section}: ${command}`));
    expect(written.length).toBeGreaterThan(15);
    expect(written.filter((command) => !tried.includes(command))).toEqual([]);
  });
});
