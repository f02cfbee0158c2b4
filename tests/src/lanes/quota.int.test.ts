import { migrate } from "@siding/store-postgres/migrate.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

const LIMIT = 5;
const WINDOW_MS = 1_000;

describe("a tenant over its quota", () => {
  let database: TestDatabase;
  const brokers = inject("kafkaBrokers");
  const topic = `quota-${process.pid}`;
  beforeAll(async () => {
    // One shard, so that all tenants share it.
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 1 });
    await createTopic(brokers, topic, 1);
  });
  afterAll(() => database.drop());

  const relay = (...args: string[]): SidingProcess =>
    SidingProcess.relay(
      {
        databaseUrl: database.url,
        kafkaBrokers: brokers,
        settings: {
          SIDING_DEPLOYMENT: `quota-${process.pid}`,
          SIDING_TENANT_QUOTA: `${LIMIT}/${WINDOW_MS / 1_000}s`,
          SIDING_LEASE_MS: "1000",
        },
      },
      ...args,
    );
  /** While a lane stands, what it holds is pending; behind it nothing is missing. */
  const verify = async (): Promise<number | null> => {
    const environment = {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers,
      SIDING_DEPLOYMENT: `quota-${process.pid}`,
    };
    const { code, stdout } = await new SidingProcess(["verify"], environment).ended;
    if (code !== 0) console.error(stdout);
    return code;
  };
  const enqueue = (tenant: string, from: number, to: number) =>
    database.query(
      "select siding.enqueue($1, to_jsonb(n), $2, key => 'k') from generate_series($3::int, $4::int) n order by n",
      [topic, tenant, from, to],
    );

  test("waits alone, moves at its pace through kills and takeovers, and catches up in order", async () => {
    await enqueue("noisy", 1, 30);
    for (const tenant of ["a", "b", "default"]) await enqueue(tenant, 1, 3);
    const reader = await CommittedReader.open(brokers, topic, 1);
    const ofTenant = (tenant: string) => reader.records.filter(({ headers }) => headers["tenant-id"] === tenant);
    let running = relay();
    // The others are through while most of the noisy one's events wait.
    await expect.poll(() => reader.records.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(9 + LIMIT);
    for (const tenant of ["a", "b", "default"]) {
      expect(ofTenant(tenant).map(({ value }) => value)).toEqual(["1", "2", "3"]);
    }
    expect(ofTenant("noisy").length).toBeLessThan(30);
    // A lane stands once the batch that made it is promoted.
    await expect
      .poll(async () => (await database.query("select tenant_id, reason, detail, resume_at from siding.lanes"))[0])
      .toMatchObject({
        tenant_id: "noisy",
        reason: "quota",
        detail: `quota of ${LIMIT} events in 1 s`,
        resume_at: expect.any(Date),
      });
    const [backlog] = await database.query("select tenant_id, lane_reason from siding.backlog");
    expect(backlog).toEqual({ tenant_id: "noisy", lane_reason: "quota" });

    expect(await verify()).toBe(0);

    await enqueue("noisy", 31, 60);
    for (let kills = 1; kills <= 3; kills++) {
      const before = ofTenant("noisy").length;
      await expect.poll(() => ofTenant("noisy").length, { timeout: 20_000, interval: 20 }).toBeGreaterThan(before);
      running.kill("SIGKILL");
      await running.ended;
      running = relay();
    }
    await reader.until(69, { stallMs: 20_000 });
    await reader.close();
    expect((await running.stop()).code).toBe(0);
    expect(await verify()).toBe(0);
    expect(ofTenant("noisy").map(({ value }) => Number(value))).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    // A record carries the time at which its batch was on its way, which is before its commit.
    const times = ofTenant("noisy").map(({ timestampMs }) => timestampMs);
    for (const [index, from] of times.entries()) {
      const within = times.slice(index).filter((time) => time < from + WINDOW_MS).length;
      expect(within).toBeLessThanOrEqual(2 * LIMIT);
    }
  }, 120_000);

  test("is drained at its pace with --until-empty, which ends when nothing is due any more", async () => {
    await enqueue("slow", 1, 8);
    expect((await relay("--until-empty").ended).code).toBe(0);
    expect(await database.query("select from siding.backlog")).toEqual([]);
    expect(await database.query("select from siding.lane")).toEqual([]);
  }, 60_000);
});
