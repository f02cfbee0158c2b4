import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

const deployment = `tail-${randomBytes(4).toString("hex")}`;
const topic = `${deployment}.orders`;
const running: SidingProcess[] = [];
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  await createTopic(inject("kafkaBrokers"), topic, 2);
});
afterAll(async () => {
  for (const each of running) each.kill("SIGKILL");
  await database.drop();
});

function siding(...args: string[]): SidingProcess {
  const started = new SidingProcess(args, {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: inject("kafkaBrokers"),
    SIDING_DEPLOYMENT: deployment,
    SIDING_HTTP: "127.0.0.1:0",
  });
  running.push(started);
  return started;
}

const linesOf = (tail: SidingProcess): string[] => tail.output.split("\n").filter((line) => line !== "");

describe("siding tail", () => {
  test("tells in JSON what is enqueued and what is published, and ends with 0 at Ctrl-C", async () => {
    await database.query("select siding.enqueue($1, '{}', 'acme', dedupe_key => 'first')", [topic]);
    const tail = siding("tail", "--since", "1h", "-o", "json");
    const told = (): string[] =>
      linesOf(tail).map((line) => {
        const { kind, tenant_id, dedupe_key } = JSON.parse(line);
        return `${kind} ${tenant_id} ${dedupe_key}`;
      });
    await expect.poll(told, { timeout: 20_000 }).toEqual(["enqueued acme first"]);
    await database.query("select siding.enqueue($1, '{}', 'acme', dedupe_key => 'second')", [topic]);
    await expect.poll(told, { timeout: 20_000 }).toEqual(["enqueued acme first", "enqueued acme second"]);
    expect(await siding("relay", "--until-empty").ended).toMatchObject({ code: 0 });
    await expect
      .poll(() => told().slice(2).sort(), { timeout: 20_000 })
      .toEqual(["published acme first", "published acme second"]);
    expect(JSON.parse(linesOf(tail)[0]!)).toMatchObject({ topic, status: "pending", seq: "1" });
    tail.kill("SIGINT");
    expect(await tail.ended).toMatchObject({ code: 0, stderr: "" });
  });

  test("keeps to a tenant, in lines without colour on a pipe and without others' control characters", async () => {
    const tail = siding("tail", "--since", "1h", "--tenant", "evil\u001b[2J");
    await database.query("select siding.enqueue($1, '{}', $2, key => 'k-1')", [topic, "evil\u001b[2J"]);
    await expect.poll(() => linesOf(tail).length, { timeout: 20_000 }).toBe(1);
    expect(linesOf(tail)[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}enqueued {3}[0-9a-f-]{36} {2}evil\u{FFFD}\[2J {2}\S+ {2}k-1$/u,
    );
    tail.kill("SIGTERM");
    expect(await tail.ended).toMatchObject({ code: 0 });
  });

  test("ends with 3 and one line when Postgres cannot be reached, and with 2 for a time that is none", async () => {
    const away = await new SidingProcess(["tail"], { DATABASE_URL: "postgres://u:p@127.0.0.1:1/none" }).ended;
    expect(away.code).toBe(3);
    expect(away.stderr.trim().split("\n")).toHaveLength(1);
    expect(await siding("tail", "--since", "soon").ended).toMatchObject({ code: 2 });
  });
});
