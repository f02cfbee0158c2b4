import { migrate } from "@siding/store-postgres/migrate.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

describe("what an operator says of a tenant, to a relay that runs", () => {
  let database: TestDatabase;
  let relay: SidingProcess;
  let reader: CommittedReader;
  const brokers = inject("kafkaBrokers");
  const topic = `operator-${process.pid}`;
  beforeAll(async () => {
    // One shard, so that all tenants share it.
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 1 });
    await createTopic(brokers, topic, 1);
    const settings = { SIDING_DEPLOYMENT: topic, SIDING_TENANT_QUOTA: "none" };
    relay = SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers: brokers, settings });
    await relay.logged(/shard 0 taken/);
    reader = await CommittedReader.open(brokers, topic, 1);
  });
  afterAll(async () => {
    await reader?.close();
    await relay?.stop();
    await database?.drop();
  });

  const enqueue = (tenant: string, from: number, to: number) =>
    database.query(
      "select siding.enqueue($1, to_jsonb(n), $2, key => 'k') from generate_series($3::int, $4::int) n order by n",
      [topic, tenant, from, to],
    );
  const arrived = (tenant: string): number[] =>
    reader.records.filter(({ headers }) => headers["tenant-id"] === tenant).map(({ value }) => Number(value));
  const lanes = () => database.query("select tenant_id, reason, detail, resume_at from siding.lanes");
  const metrics = async (): Promise<readonly string[]> => {
    const [, address] = /health and metrics on (http:\S+?)"/.exec(relay.log)!;
    return (await (await fetch(`${address}/metrics`)).text()).split("\n");
  };
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

  /** Enqueues an event after another until the tenant has a lane: a change acts within a second. Answers how many there are. */
  async function untilHeld(tenant: string, lane: object): Promise<number> {
    let enqueued = 0;
    const next = async (): Promise<object[]> => {
      enqueued += 1;
      await enqueue(tenant, enqueued, enqueued);
      return lanes();
    };
    await expect.poll(next, { timeout: 20_000, interval: 100 }).toMatchObject([{ tenant_id: tenant, ...lane }]);
    return enqueued;
  }

  test("a pause stops one tenant alone, says who and why, and ends when it is taken back", async () => {
    await database.query("insert into siding.pause (tenant_id, actor, reason) values ('acme', 'ada', 'unpaid')");
    const count = await untilHeld("acme", { reason: "paused", detail: "paused by ada: unpaid", resume_at: null });
    const before = arrived("acme");
    await enqueue("other", 1, 5);
    await expect.poll(() => arrived("other"), { timeout: 10_000 }).toEqual(upTo(5));
    expect(arrived("acme")).toEqual(before);
    const waiting = count - before.length;
    await expect
      .poll(metrics, { timeout: 15_000, interval: 500 })
      .toEqual(expect.arrayContaining([`outbox_backlog_events{tenant="acme"} ${waiting}`]));
    expect(await metrics()).toContainEqual(
      expect.stringMatching(/^outbox_oldest_pending_age_seconds\{tenant="acme"\} \d/),
    );
    await database.query("delete from siding.pause");
    await expect.poll(() => arrived("acme"), { timeout: 5_000 }).toEqual(upTo(count));
    await expect.poll(lanes, { timeout: 5_000 }).toEqual([]);
  });

  test("a quota of its own holds a tenant, and one that is lifted lets it go at once", async () => {
    await database.query(
      `insert into siding.policy (name, tenant_id, quota_events, quota_events_window_ms, actor, reason)
      values ('tenant/slow', 'slow', 2, 3600000, 'ada', 'test')`,
    );
    const count = await untilHeld("slow", { reason: "quota", detail: "quota of 2 events in 3600 s" });
    expect(arrived("slow").length).toBeLessThan(count);
    await database.query("delete from siding.policy");
    await expect.poll(() => arrived("slow"), { timeout: 5_000 }).toEqual(upTo(count));
    await expect.poll(lanes, { timeout: 5_000 }).toEqual([]);
  });
});
