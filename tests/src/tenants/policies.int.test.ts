import { defaultFields } from "@siding/core/policy/settle-policy.js";
import { PolicyWatch } from "@siding/relay/policy-watch.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { PostgresPolicies } from "@siding/store-postgres/postgres-policies.js";
import { systemClock } from "siding/system-clock.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { silentObserver } from "../silent-observer.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

describe("a relay's policies", () => {
  let database: TestDatabase;
  let connections: Connections;
  let watch: PolicyWatch;
  const stop = new AbortController();
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    connections = new Connections(database.url, 1);
    watch = await PolicyWatch.open({
      source: new PostgresPolicies(connections),
      clock: systemClock,
      observer: silentObserver,
      defaults: defaultFields({ amount: 1000, windowMs: 60_000, burst: null }),
    });
    void watch.run(stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await connections.close();
    await database.drop();
  });
  const within = { timeout: 1_000, interval: 20 };

  test("the defaults, before anybody says anything", () => {
    expect(watch.of("acme")).toMatchObject({ batchLimit: 50, weight: 1, quota: { mode: "enforce" } });
    expect(watch.pauseOf("acme")).toBeNull();
  });

  test("a change acts within a second, without a restart", async () => {
    await database.query(
      `insert into siding.policy (name, pattern, weight, quota_events, quota_events_window_ms, actor, reason)
       values ('europe', 'eu-*', 3, 5, 1000, 'ada', 'test')`,
    );
    await expect.poll(() => watch.of("eu-1").weight, within).toBe(3);
    expect(watch.of("eu-1").quota?.events).toEqual({ amount: 5n, windowNs: 1_000_000_000n, burst: 5n });
    expect(watch.of("us-1").weight).toBe(1);
    await database.query("update siding.policy set weight = 0.5 where name = 'europe'");
    await expect.poll(() => watch.of("eu-1").weight, within).toBe(0.5);
    await database.query("delete from siding.policy");
    await expect.poll(() => watch.of("eu-1").weight, within).toBe(1);
  });

  test("a pause acts within a second and ends by itself", async () => {
    await database.query(
      `insert into siding.pause (tenant_id, actor, reason, until)
       values ('a', 'ada', 'moving', clock_timestamp() + interval '1500 ms'), ('b', 'ada', 'unpaid', null)`,
    );
    await expect.poll(() => watch.pauseOf("a"), within).toMatchObject({ actor: "ada", reason: "moving" });
    expect(watch.pauseOf("b")).toEqual({ actor: "ada", reason: "unpaid", untilMs: null });
    await expect.poll(() => watch.pauseOf("a"), { timeout: 2_600 }).toBeNull();
    expect(watch.pauseOf("b")).not.toBeNull();
  });

  test("a tenant that a pattern caps is held to it once a relay has met it, and let go with the policy", async () => {
    await database.query(
      "insert into siding.policy (name, pattern, backlog_max, actor, reason) values ('cap', 'c-*', 2, 'ada', 'test')",
    );
    await expect
      .poll(() => watch.of("c-1") && database.query("select * from siding.gate"), within)
      .toEqual([{ tenant_id: "c-1", blocked: false, backlog_max: "2" }]);
    const enqueue = () => database.query("select siding.enqueue('t', '1', 'c-1')");
    await enqueue();
    await enqueue();
    await expect(enqueue()).rejects.toMatchObject({ code: "SD002" });
    await database.query("delete from siding.policy");
    await expect.poll(() => database.query("select * from siding.gate"), within).toEqual([]);
    await enqueue();
  });

  test("what was settled from an older version sets no gate", async () => {
    const policies = new PostgresPolicies(connections);
    const { book } = await policies.readPolicies(null);
    const gates = new Map([["late", { backlogMax: 1, blocked: false }]]);
    await database.query("insert into siding.pause (tenant_id, actor, reason) values ('x', 'ada', 'test')");
    expect(await policies.setGates(book!.version, gates)).toBe(false);
    expect(await database.query("select * from siding.gate where tenant_id = 'late'")).toEqual([]);
  });

  test.each([
    ["two matches", "tenant_id, pattern", "'a', 'b'"],
    ["no match", "weight", "1"],
    ["another tenant's name", "tenant_id", "'b'"],
    ["a weight of nothing", "pattern, weight", "'*', 0"],
    ["an amount without its window", "pattern, quota_events", "'*', 5"],
    ["more than a unit a nanosecond", "pattern, quota_events, quota_events_window_ms", "'*', 1000000000, 1"],
    ["a share above one", "pattern, warn_at", "'*', 2"],
  ])("the database refuses %s", async (_what, columns, values) => {
    const sql = `insert into siding.policy (name, ${columns}, actor, reason) values ('tenant/a', ${values}, 'ada', 'test')`;
    await expect(database.query(sql.replace("'tenant/a', '*'", "'p', '*'"))).rejects.toMatchObject({ code: "23514" });
  });
});
