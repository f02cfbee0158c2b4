import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

let database: TestDatabase;
const id = randomUUID();
const dead = randomUUID();
beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  await database.query(
    `select siding.enqueue('orders', '{"n": 12345678901234567890, "deep": {"a": [1, 2]}}', 'acme', event_id => $1)`,
    [id],
  );
  await database.query("select siding.enqueue('orders', '{}', 'acme', event_id => $1)", [dead]);
  await database.query("select siding.enqueue_bytes('orders', 'abc'::bytea, 'x/y', 'other')");
  await database.query(
    "insert into siding.failure select shard, seq, 5, 'too large', 'too large', now(), 0, now() from siding.event where event_id = $1",
    [dead],
  );
});
afterAll(() => database.drop());

function siding(settings: Record<string, string>, ...args: string[]): Promise<FinishedCommand> {
  return new SidingProcess(args, settings).ended;
}
const here = () => ({ DATABASE_URL: database.url });

/** Serves until `use` is through; then it has to stop by itself, in good order. */
async function withServer(use: (url: string) => Promise<void>): Promise<void> {
  const server = new SidingProcess(["admin"], {
    ...here(),
    SIDING_ADMIN_HTTP: "127.0.0.1:0",
    SIDING_LOG_LEVEL: "debug",
  });
  try {
    const address = /admin API on (http:\/\/[\d.:]+\d)/;
    await server.logged(address);
    await use(address.exec(server.log)![1]!);
  } finally {
    expect(await server.stop()).toMatchObject({ code: 0 });
  }
}

/** What was said without how old what waits is: two look a moment apart. */
function ageless(command: FinishedCommand): FinishedCommand {
  return { ...command, stdout: command.stdout.replace(/"lag_ms": \d+|\b\d+(\.\d+)? ?(ms|s|m)\b/g, "AGE") };
}

async function makeToken(...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await siding(
    here(),
    "tokens",
    "create",
    "--name",
    "test",
    "--reason",
    "test",
    ...args,
  );
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

describe("siding tokens", () => {
  test("makes one that is shown once, lists it without its secret, and revokes it", async () => {
    const token = await makeToken("--tenant", "acme", "--tenant", "b", "--expires", "30d");
    const prefix = token.split("_")[1]!;
    const listed = await siding(here(), "tokens", "list", "-o", "json");
    expect(listed.stdout).not.toContain(token.slice("siding_".length + 13));
    expect(JSON.parse(listed.stdout).tokens).toMatchObject([
      { prefix, role: "viewer", tenants: ["acme", "b"], state: "valid", may_see_payload: false },
    ]);
    const asked = await siding(here(), "tokens", "revoke", prefix, "--reason", "over");
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    const dry = await siding(here(), "tokens", "revoke", prefix, "--dry-run");
    expect(dry.stdout).toContain("valid");
    const revoked = await siding(here(), "tokens", "revoke", prefix, "--reason", "over", "--yes");
    expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining("revoked") });
    const rows = await database.query("select action, reason from siding.audit where subject = $1 order by audit_id", [
      prefix,
    ]);
    expect(rows).toEqual([
      { action: "tokens.create", reason: "test" },
      { action: "tokens.revoke", reason: "over" },
    ]);
  });

  test.each([
    [["create", "--name", "x"], /give --reason TEXT/],
    [["create", "--name", "", "--reason", "r"], /--name has 0 characters/],
    [["create", "--name", "x", "--role", "root", "--reason", "r"], /--role.*root/],
    [["create", "--name", "x", "--expires", "yesterday", "--reason", "r"], /--expires is "yesterday"/],
    [["create", "--name", "x", "--expires", "2020-01-01T00:00:00Z", "--reason", "r"], /--expires is/],
    [["revoke", "'; --", "--yes", "--reason", "r"], /expected the 12 hexadecimal digits/],
    [["revoke", "000000000000", "--yes", "--reason", "r"], /there is no token 000000000000/],
  ])("refuses %j in one line", async (args, line) => {
    const { code, stderr } = await siding(here(), "tokens", ...args);
    expect(code).toBe(2);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(line)]);
  });
});

describe("siding admin", () => {
  test("answers commands with what Postgres would have answered, to the letter", async () => {
    const token = await makeToken("--role", "admin");
    await withServer(async (url) => {
      const there = { SIDING_ADMIN_URL: url, SIDING_ADMIN_TOKEN: token };
      for (const command of [
        ["events", "list"],
        ["events", "list", "--tenant", "acme", "--since", "2h", "-o", "json"],
        ["events", "list", "--status", "dead", "--limit", "1", "-o", "json"],
        ["events", "show", id],
        ["events", "show", id, "-o", "json"],
        ["events", "show", randomUUID().replace(/^.{8}/, "00000000")],
        ["dead", "list"],
        ["dead", "list", "-o", "json"],
        ["dead", "show", dead],
        ["dead", "show", id],
        ["tokens", "list"],
        ["events", "replay", "--tenant", "acme", "--since", "2h", "--dry-run"],
        ["events", "replay", "--id", id, "--dry-run", "-o", "json"],
        ["dead", "redrive", "--topic", "orders", "--dry-run", "-o", "json"],
        ["dead", "discard", "--id", dead, "--dry-run"],
        ["tenants", "list"],
        ["tenants", "list", "--limit", "1", "-o", "json"],
        ["tenants", "list", "--limit", "1", "--after", "acme"],
        ["tenants", "show", "acme"],
        ["tenants", "show", "new", "-o", "json"],
        ["tenants", "set", "acme", "--quota", "10/60s", "--weight", "2.5", "--dry-run", "-o", "json"],
        ["tenants", "pause", "acme", "--dry-run"],
        ["tenants", "resume", "acme", "--dry-run"],
        ["jobs", "list"],
        ["jobs", "show", "4711"],
        ["jobs", "cancel", "4711", "--reason", "r", "--yes"],
        ["jobs", "show", randomUUID().replace(/^.{8}/, "00000000")],
      ]) {
        const [local, remote] = await Promise.all([siding(here(), ...command), siding(there, ...command)]);
        expect(ageless(remote), command.join(" ")).toEqual(ageless(local));
      }
      const status = JSON.parse((await siding(there, "status", "-o", "json")).stdout);
      expect(status).toMatchObject({ relays: [], backlog: { pending: expect.any(String) } });
      const first = JSON.parse(
        (await siding(there, "events", "list", "--since", "2h", "--limit", "2", "-o", "json")).stdout,
      );
      const rest = await siding(there, "events", "list", "--since", "2h", "--cursor", first.next_cursor, "-o", "json");
      expect(rest).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(rest.stdout).events).toHaveLength(1);

      const flags = ["--url", url, "--token", token.replace(/.$/, (last) => (last === "A" ? "E" : "A"))];
      const refused = await siding({}, "events", "list", ...flags);
      expect(refused).toMatchObject({ code: 3, stdout: "" });
      expect(refused.stderr.trim().split("\n")).toEqual([expect.stringContaining("Bearer token that holds")]);
      expect(refused.stderr).not.toContain(flags[3]);
    });
  }, 180_000);

  test("takes a job from a command, and a command's word that ends it", async () => {
    const token = await makeToken("--role", "operator");
    await database.query(
      `update siding.shard set cursor = row((select max(seq) from siding.event), pg_current_snapshot(),
        pg_current_xact_id(), null, null, null)::siding.cursor`,
    );
    await withServer(async (url) => {
      const there = { SIDING_ADMIN_URL: url, SIDING_ADMIN_TOKEN: token };
      const word = ["--reason", "mended", "--yes", "-o", "json"];
      const asked = await siding(there, "dead", "redrive", "--tenant", "acme", "--rate", "1", ...word);
      expect(asked).toMatchObject({ code: 0, stderr: "" });
      const { job_id: jobId, asked: events } = JSON.parse(asked.stdout);
      expect(events).toBe(1);

      const still = await siding(there, "jobs", "cancel", jobId, "--dry-run", "-o", "json");
      expect(JSON.parse(still.stdout)).toMatchObject({ job_id: jobId, state: "running", events_per_second: 1 });
      const ended = await siding(there, "jobs", "cancel", jobId, ...word);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(ended.stdout)).toMatchObject({ state: "cancelled", cancel_reason: "mended" });
      for (const command of [
        ["jobs", "list", "--tenant", "acme"],
        ["jobs", "show", jobId],
        ["jobs", "show", jobId, "-o", "json"],
        ["jobs", "cancel", jobId, ...word],
      ]) {
        const [local, remote] = await Promise.all([siding(here(), ...command), siding(there, ...command)]);
        expect(remote, command.join(" ")).toEqual(local);
      }
      const wide = await siding(there, "events", "replay", "--topic", "orders", "--reason", "r", "--yes");
      expect(wide).toMatchObject({ code: 2, stderr: expect.stringContaining("give --tenant or --id") });
    });
  }, 120_000);

  test("looks after tenants for a command", async () => {
    const token = await makeToken("--role", "admin");
    await withServer(async (url) => {
      const there = { SIDING_ADMIN_URL: url, SIDING_ADMIN_TOKEN: token };
      const word = ["--reason", "larger plan", "--yes"];
      const same = async (...command: string[]): Promise<FinishedCommand> => {
        const [local, remote] = await Promise.all([siding(here(), ...command), siding(there, ...command)]);
        expect(ageless(remote), command.join(" ")).toEqual(ageless(local));
        return remote;
      };
      const set = await siding(there, "tenants", "set", "acme", "--quota", "5000/1m/100", "--blocked", ...word);
      expect(set).toMatchObject({ code: 0, stdout: expect.stringMatching(/quota +- +5000\/1m\/100/) });
      expect((await same("tenants", "show", "acme", "-o", "json")).stdout).toContain('"5000/1m/100"');
      await same("tenants", "set", "acme", "--quota", "unset", "--dry-run");

      const paused = await siding(there, "tenants", "pause", "acme", "--for", "2h", ...word, "-o", "json");
      const untilMs = Date.parse(JSON.parse(paused.stdout).paused_until);
      expect(untilMs - Date.now()).toBeGreaterThan(7_000_000);
      expect((await same("tenants", "show", "acme")).stdout).toContain("larger plan");
      expect((await same("tenants", "list")).stdout).toContain("paused by");
      expect(await siding(there, "tenants", "resume", "acme", ...word)).toMatchObject({ code: 0 });
      const again = await same("tenants", "resume", "acme", ...word);
      expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("is not paused") });
      await database.query(
        "insert into siding.pause (tenant_id, actor, reason, until) values ('over', 'ada', 'r', now() - interval '1 second')",
      );
      expect((await same("tenants", "resume", "over", ...word)).stderr).toContain("is not paused");
      await siding(there, "tenants", "set", "acme", "--quota", "unset", "--no-blocked", ...word);

      expect(await siding(there, "policies", "list")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("leave --url"),
      });
    });
  }, 120_000);

  test("refuses to start beyond loopback while no token holds, in one line", async () => {
    const empty = await createTestDatabase(inject("databaseUrl"));
    try {
      const settings = { DATABASE_URL: empty.url, SIDING_ADMIN_HTTP: "0.0.0.0:0" };
      const { code, stderr } = await siding(settings, "admin");
      expect(code).toBe(2);
      expect(stderr.trim().split("\n")).toEqual([
        expect.stringMatching(/SIDING_ADMIN_HTTP is "0.0.0.0:0".*siding tokens create/),
      ]);
    } finally {
      await empty.drop();
    }
  });

  test("is not asked where a flag names a database", async () => {
    const elsewhere = { SIDING_ADMIN_URL: "http://127.0.0.1:1" };
    const flag = ["--database-url", database.url];
    for (const command of [
      ["status"],
      ["events", "list"],
      ["jobs", "list"],
      ["tenants", "list"],
      ["tokens", "list"],
      ["policies", "list"],
    ]) {
      expect(await siding(elsewhere, ...command), command.join(" ")).not.toMatchObject({ code: 0 });
      expect(await siding(elsewhere, ...command, ...flag), command.join(" ")).toMatchObject({ code: 0 });
    }
    const both = await siding({}, "jobs", "list", ...flag, "--url", "http://127.0.0.1:1");
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("--url and --database-url") });
  });

  test("no secret is shown by siding config", async () => {
    const token = `siding_${"0".repeat(12)}_${"s".repeat(43)}`;
    const settings = { ...here(), SIDING_ADMIN_TOKEN: token, SIDING_ADMIN_URL: "https://siding.internal" };
    const { stdout } = await siding(settings, "config");
    expect(stdout).toContain("https://siding.internal");
    expect(stdout).not.toContain("sss");
    const wrong = await siding({ ...settings, SIDING_ADMIN_TOKEN: "sssss" }, "config");
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).not.toContain("sssss");
  });
});
