import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

let database: TestDatabase;
const dead = randomUUID();
const EVIL = "'; drop table siding.event; --";

beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  await database.query("select siding.enqueue('bills', '{}', $1, event_id => $2)", ["evil\u001b[2J\nname", dead]);
  await database.query(
    `insert into siding.failure select shard, seq, 5, 'Broker: too large', 'broker: too large', now(), 0, now()
    from siding.event where event_id = $1`,
    [dead],
  );
  // A letter is dead once the batch that laid it down, whose cursor has passed it, is promoted.
  await database.query(
    `update siding.shard
    set cursor = row(1, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`,
  );
  for (let n = 1; n <= 5; n += 1) {
    await database.query(`select siding.enqueue('orders', '{"n": 12345678901234567890}', 'acme', key => 'order-7')`);
  }
  await database.query("update siding.event set created_at = created_at - interval '10 minutes' where seq = 2");
});
afterAll(() => database.drop());

function siding(...args: string[]): Promise<FinishedCommand> {
  return new SidingProcess(args, { DATABASE_URL: database.url }).ended;
}

describe("siding events", () => {
  test("lists in pages whose cursor goes on with the same filters, and with no others", async () => {
    const first = await siding("events", "list", "--tenant", "acme", "--limit", "3", "-o", "json");
    const page = JSON.parse(first.stdout);
    expect(page.events).toHaveLength(3);
    expect(page.events[0]).toMatchObject({
      seq: "6",
      tenant_id: "acme",
      topic: "orders",
      key: "order-7",
      status: "pending",
    });
    const rest = await siding(
      "events",
      "list",
      "--tenant",
      "acme",
      "--limit",
      "3",
      "-o",
      "json",
      "--cursor",
      page.next_cursor,
    );
    expect(JSON.parse(rest.stdout)).toMatchObject({ events: [{ seq: "3" }, { seq: "2" }], next_cursor: null });
    const foreign = await siding("events", "list", "--topic", "orders", "--cursor", page.next_cursor);
    expect(foreign).toMatchObject({ code: 2, stdout: "" });
    expect(foreign.stderr.trim().split("\n")).toEqual([
      expect.stringContaining("the cursor belongs to a list with other"),
    ]);
  });

  test("shows text of others without its control characters", async () => {
    const { stdout, code } = await siding("events", "list", "--topic", "bills");
    expect(code).toBe(0);
    expect(stdout).toContain("evil\u{FFFD}[2J\u{FFFD}name");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  test("takes what looks like SQL as a value", async () => {
    for (const flag of ["--tenant", "--topic", "--key", "--dedupe-key"]) {
      expect(await siding("events", "list", flag, EVIL)).toMatchObject({ code: 0, stdout: "no such event\n" });
    }
    expect((await database.query("select count(*)::int as n from siding.event"))[0]).toEqual({ n: 6 });
  });

  test.each([
    [["--limit", "0"], /--limit is "0": expected 1 to 1000/],
    [["--limit", "1001"], /--limit is "1001"/],
    [["--cursor", EVIL], /the cursor is not one/],
    [["--id", EVIL], /expected a UUID/],
    [["--tenant", ""], /--tenant is empty/],
    [["--since", "yesterday"], /"yesterday" is not a time/],
    [["--status", "lost"], /--status.*lost/],
  ])("refuses %j in one line", async (args, line) => {
    const { code, stderr } = await siding("events", "list", ...args);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(line)]);
  });

  test("shows one with its payload, whose numbers are as they were enqueued", async () => {
    const listed = await siding("events", "list", "--key", "order-7", "-o", "json");
    const id = JSON.parse(listed.stdout).events[0].event_id;
    const { stdout } = await siding("events", "show", id, "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({ event_id: id, headers: {}, payload_base64: null });
    expect(stdout).toContain('"n": 12345678901234567890');
    expect((await siding("events", "show", id)).stdout).toMatch(
      /content type\s+application\/json[\s\S]*"n": 12345678901234567890/,
    );
  });
});

describe("siding dead", () => {
  test("lists causes, then events, and shows one", async () => {
    const { groups } = JSON.parse((await siding("dead", "list", "-o", "json")).stdout);
    expect(groups).toMatchObject([{ fingerprint: "broker: too large", count: "1", topics: ["bills"] }]);
    const { events } = JSON.parse((await siding("dead", "list", "--events", "-o", "json")).stdout);
    expect(events).toMatchObject([{ event_id: dead, status: "dead", attempts: 5 }]);
    expect((await siding("dead", "show", dead)).stdout).toContain("Broker: too large");
  });

  test("knows no event that is not dead", async () => {
    const [row] = await database.query("select event_id from siding.event where seq = 2");
    const { code, stderr } = await siding("dead", "show", row!.event_id);
    expect(code).toBe(1);
    expect(stderr).toContain("there is no dead event");
  });
});

describe("siding check", () => {
  test("is fine within its limits", async () => {
    expect(await siding("check", "--max-pending", "5", "--max-lag", "1h", "--max-dead", "1")).toMatchObject({
      code: 0,
    });
    // Nothing of this tenant waits, however much does of others.
    const other = await siding(
      "check",
      "--max-pending",
      "0",
      "--max-lag",
      "0s",
      "--max-dead",
      "0",
      "--tenant",
      "other",
    );
    expect(other).toMatchObject({ code: 0, stdout: "fine: 0 pending, 0 dead, lag none\n" });
  });

  test("ends with 1 and one line for each limit that is exceeded", async () => {
    const { code, stdout } = await siding("check", "--max-pending", "4", "--max-lag", "60s", "--max-dead", "0");
    expect(code).toBe(1);
    expect(stdout.trim().split("\n")).toEqual([
      "pending: 5 events, more than 4",
      expect.stringMatching(/^lag: the oldest pending event is 1\d min.* old, more than 1 min$/),
      "dead: 1 events, more than 0",
    ]);
    const ofTenant = await siding("check", "--max-pending", "4", "--max-dead", "0", "--tenant", "acme", "-o", "json");
    expect(JSON.parse(ofTenant.stdout)).toMatchObject({
      ok: false,
      pending: "5",
      dead: "0",
      exceeded: [expect.any(String)],
    });
  });

  test("ends with 1 where a shard is halted", async () => {
    await database.query("update siding.shard set halted_reason = 'history lost' where shard = 2");
    const { code, stdout } = await siding("check", "--max-pending", "100");
    await database.query("update siding.shard set halted_reason = null");
    expect([code, stdout]).toEqual([1, "shard 2 is halted: history lost\n"]);
  });

  test.each([
    [[], /at least one of --max-pending/],
    [["--max-pending", "-1"], /--max-pending is "-1"/],
    [["--max-pending", "1e3"], /--max-pending is "1e3"/],
    [["--max-lag", "60"], /--max-lag is "60"/],
  ])("refuses %j in one line", async (args, line) => {
    const { code, stderr } = await siding("check", ...args);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(line)]);
  });
});
