import { startPostgres } from "@siding/embedded/start-postgres.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { startStandby } from "../start-standby.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

describe("a standby as DATABASE_URL", () => {
  let primary: Awaited<ReturnType<typeof startPostgres>>;
  let standby: Awaited<ReturnType<typeof startPostgres>>;
  let database: TestDatabase;
  let standbyUrl: string;
  const topic = `standby-${process.pid}`;
  const kafkaBrokers = inject("kafkaBrokers");

  beforeAll(async () => {
    primary = await startPostgres();
    database = await createTestDatabase(primary.url);
    await createTopic(kafkaBrokers, topic, 1);
    standby = await startStandby(primary);
    await database.query("select siding.enqueue($1, '1')", [topic]);
    const url = new URL(database.url);
    url.port = String(standby.port);
    standbyUrl = url.href;
  });
  afterAll(async () => {
    await standby?.stop();
    await primary?.stop();
  });

  const settings = { SIDING_DEPLOYMENT: topic };
  const relay = (databaseUrl: string): SidingProcess =>
    SidingProcess.relay({ databaseUrl, kafkaBrokers, settings }, "--until-empty");

  test.each([
    ["relay", () => relay(standbyUrl)],
    ["migrate", () => new SidingProcess(["migrate"], { DATABASE_URL: standbyUrl })],
  ])("is refused by siding %s in one clear line, with exit code 3", async (_command, start) => {
    const ended = await start().ended;
    const words = ended.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(words).toHaveLength(1);
    expect(words[0]).toMatch(/standby.*Point DATABASE_URL at the primary/);
    expect(ended.code).toBe(3);
  });

  test("has lost nothing by it: the primary's relay publishes what it holds", async () => {
    const [shard] = await database.query("select max(epoch)::int as epoch from siding.shard");
    expect(shard).toEqual({ epoch: 0 });
    expect(await database.query("select status from siding.events")).toEqual([{ status: "pending" }]);
    expect((await relay(database.url).ended).code).toBe(0);
    expect(await database.query("select status from siding.events")).toEqual([{ status: "published" }]);
  });
});
