import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  await database.query("select siding.enqueue('orders', '{}', t) from unnest(array['acme', 'eu-1', 'eu-2']) t");
});
afterAll(() => database.drop());

function siding(...args: string[]): Promise<FinishedCommand> {
  return new SidingProcess(args, { DATABASE_URL: database.url }).ended;
}
const changed = (...args: string[]) => siding(...args, "--reason", "a test", "--yes", "-o", "json");

describe("siding tenants", () => {
  test("set shows the difference, says who and why, and a later set keeps the other fields", async () => {
    const set = await siding(
      "tenants",
      "set",
      "acme",
      "--quota",
      "5000/60s/100",
      "--weight",
      "3",
      "--reason",
      "plan",
      "--yes",
    );
    expect(set).toMatchObject({ code: 0, stderr: "" });
    expect(set.stdout).toMatch(/quota\s+-\s+5000\/1m\/100/);
    await changed("tenants", "set", "acme", "--weight", "unset", "--batch-limit", "7");
    const [row] = await database.query("select quota_events, weight, batch_limit, reason, actor from siding.policy");
    expect(row).toMatchObject({ quota_events: "5000", weight: null, batch_limit: 7, reason: "a test" });
    expect(row!.actor).toContain("@");
    const shown = JSON.parse((await siding("tenants", "show", "acme", "-o", "json")).stdout);
    expect(shown).toMatchObject({
      tenant_id: "acme",
      pending: "1",
      quota: { events: { limit: "100", used: "0", remaining: "100", next_at: null }, bytes: null },
      policy: {
        quota: { value: "5000/1m/100", said_by: "tenant/acme" },
        weight: { value: "1", said_by: "default" },
        batch_limit: { value: "7", said_by: "tenant/acme" },
      },
    });
  });

  test("blocked and a cap hold at once, without a relay", async () => {
    await changed("tenants", "set", "closed", "--blocked");
    await expect(database.query("select siding.enqueue('t', '1', 'closed')")).rejects.toMatchObject({ code: "SD003" });
    await changed("tenants", "set", "closed", "--no-blocked", "--max-backlog", "1");
    await database.query("select siding.enqueue('t', '1', 'closed')");
    await expect(database.query("select siding.enqueue('t', '1', 'closed')")).rejects.toMatchObject({ code: "SD002" });
    await changed("tenants", "set", "closed", "--max-backlog", "unset", "--blocked");
    await changed("tenants", "set", "closed", "--no-blocked");
    await database.query("select siding.enqueue('t', '1', 'closed')");
  });

  test("pause and resume, with who, why and until when", async () => {
    await siding("tenants", "pause", "eu-1", "--for", "2h", "--reason", "their move", "--yes");
    const shown = await siding("tenants", "show", "eu-1");
    expect(shown.stdout).toMatch(/waits\s+paused by \S+ until \d{4}-\S+Z: their move/);
    const [row] = await database.query("select * from siding.usage where tenant_id = 'eu-1'");
    expect(row).toMatchObject({ pending: "1", pause_reason: "their move", blocked: false });
    const listed = await siding("tenants", "list", "-o", "json");
    expect(JSON.parse(listed.stdout).tenants.map((tenant: { tenant_id: string }) => tenant.tenant_id)).toEqual([
      "acme",
      "closed",
      "eu-1",
      "eu-2",
    ]);
    expect(await changed("tenants", "resume", "eu-1")).toMatchObject({ code: 0 });
    expect(await changed("tenants", "resume", "eu-1")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tenant "eu-1" is not paused'),
    });
  });

  test("--dry-run changes nothing, and nobody to ask is said", async () => {
    const before = await database.query("select * from siding.policy order by name");
    const dry = await siding("tenants", "set", "acme", "--weight", "9", "--dry-run");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toMatch(/weight\s+-\s+9\s+nothing was changed/);
    expect(await siding("tenants", "set", "acme", "--weight", "9", "--reason", "x")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("give --yes, or --dry-run"),
    });
    expect(await siding("tenants", "set", "acme", "--weight", "9", "--yes")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("give --reason TEXT"),
    });
    expect(await database.query("select * from siding.policy order by name")).toEqual(before);
  });

  test.each([
    [["set", "acme", "--quota", "5000"], '--quota is "5000": expected EVENTS/WINDOW'],
    [["set", "acme", "--quota", "5000000000/1ms"], "--quota is"],
    [["set", "acme", "--weight", "-1"], '--weight is "-1": expected a number from 0.001'],
    [["set", "acme", "--retry", "fast"], '--retry is "fast": expected flow-first or order-first, or unset'],
    [["set", "acme"], "say what is to hold"],
    [["set", "", "--weight", "1"], "a tenant's name has 1 to 255 characters"],
    [["pause", "acme", "--for", "2"], '--for is "2"'],
    [["list", "--limit", "0"], '--limit is "0"'],
  ])("refuses %j in one line", async (args, line) => {
    const refused = await siding("tenants", ...args);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(line);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("siding policies", () => {
  test("a pattern's cap holds at once for tenants that have events", async () => {
    await changed("policies", "set", "europe", "--pattern", "eu-*", "--max-backlog", "1", "--priority", "5");
    await expect(database.query("select siding.enqueue('t', '1', 'eu-2')")).rejects.toMatchObject({ code: "SD002" });
    const listed = JSON.parse((await siding("policies", "list", "-o", "json")).stdout);
    expect(listed.policies.find((policy: { name: string }) => policy.name === "europe")).toMatchObject({
      pattern: "eu-*",
      priority: 5,
      says: { max_backlog: "1" },
      reason: "a test",
    });
    await changed("policies", "remove", "europe");
    await database.query("select siding.enqueue('t', '1', 'eu-2')");
  });

  test("a canary: a percentage that grows", async () => {
    await changed("policies", "set", "canary", "--percent", "10", "--quota", "5/1s", "--quota-mode", "observe");
    await changed("policies", "set", "canary", "--percent", "100", "--quota-mode", "enforce");
    const shown = JSON.parse((await siding("tenants", "show", "anybody", "-o", "json")).stdout);
    expect(shown.policy).toMatchObject({
      quota: { value: "5/1s", said_by: "canary" },
      quota_mode: { value: "enforce", said_by: "canary" },
    });
    await changed("policies", "remove", "canary");
  });

  test.each([
    [["set", "new", "--weight", "2", "--reason", "x", "--yes"], "policy new is new: give --pattern GLOB or --percent"],
    [["set", "a b", "--percent", "1"], "the policy's name is"],
    [["set", "x", "--percent", "101"], '--percent is "101": expected a number from 0 to 100'],
    [["set", "x", "--percent", "1", "--pattern", "a"], "not both"],
    [["set", "x", "--percent", "1", "--priority", "high"], '--priority is "high"'],
    [["remove", "nothing", "--reason", "x", "--yes"], 'there is no policy "nothing"'],
  ])("refuses %j in one line", async (args, line) => {
    const refused = await siding("policies", ...args);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(line);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
  });
});
