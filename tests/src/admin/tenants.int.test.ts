import { AdminClient } from "@siding/admin/client/admin-client.js";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { type AdminWorld, type Answer, adminWorld, listeningServer } from "./admin-world.js";

let world: AdminWorld;
let admin: string;
beforeAll(async () => {
  world = await adminWorld(inject("databaseUrl"));
  admin = await world.token({ role: "admin" });
  await world.database.query("select siding.enqueue('orders', '1', t) from unnest(array['a', 'a', 'b']) t");
});
afterAll(() => world.end());

const ask = (path: string, method = "GET", body?: object): Promise<Answer> =>
  world.ask(`/admin/tenants/${path}`, { method, token: admin, body });
const audited = (tenant: string) =>
  world.database.query("select * from siding.audit where tenant_id = $1 order by audit_id", [tenant]);

describe("PATCH", () => {
  test("says fields, keeps the others, takes them back, and audits each with what was before and after", async () => {
    const quota = { amount: 5_000, window_ms: 60_000, burst: null };
    const first = await ask("plan", "PATCH", { quota_events: quota, weight: 2.5, reason: "larger plan" });
    expect(first).toMatchObject({
      status: 200,
      body: {
        policy: { says: { quota_events: quota, weight: 2.5, batch_limit: null }, reason: "larger plan" },
        holds: { quota_events: quota, weight: 2.5, batch_limit: 50, quota_bytes: "none" },
        said_by: { quota_events: "tenant/plan", weight: "tenant/plan", batch_limit: null },
        pause: null,
      },
    });
    expect(await ask("plan")).toMatchObject({ status: 200, body: first.body });
    expect(await ask("plan", "PATCH", { weight: null, quota_bytes: "none", reason: "as everybody" })).toMatchObject({
      body: { policy: { says: { quota_events: quota, weight: null, quota_bytes: "none" } }, holds: { weight: 1 } },
    });
    const gone = await ask("plan", "PATCH", { quota_events: null, quota_bytes: null, reason: "over" });
    expect(gone.body).toMatchObject({ policy: null, holds: { quota_events: { amount: 1_000 } } });
    const actor = `token ${admin.split("_")[1]} (test)`;
    const entry = { actor, role: "admin", action: "tenants.set", subject: "plan" };
    expect(await audited("plan")).toMatchObject([
      { ...entry, reason: "larger plan", before: null, after: { quota_events: 5_000, weight: 2.5 } },
      { ...entry, reason: "as everybody", before: { weight: 2.5 }, after: { quota_bytes: 0 } },
      { ...entry, reason: "over", before: { quota_events: 5_000 }, after: null },
    ]);
  });

  test("holds at enqueue at once", async () => {
    const enqueue = () => world.database.query("select siding.enqueue('t', '1', 'shut')");
    await ask("shut", "PATCH", { blocked: true, reason: "unpaid" });
    await expect(enqueue()).rejects.toMatchObject({ code: "SD003" });
    await ask("shut", "PATCH", { blocked: null, backlog_max: 1, reason: "paid" });
    await enqueue();
    await expect(enqueue()).rejects.toMatchObject({ code: "SD002" });
    await ask("shut", "PATCH", { backlog_max: "none", reason: "larger plan" });
    await enqueue();
  });

  test.each([
    ["no reason", { weight: 2 }],
    ["no field", { reason: "r" }],
    ["an unknown field", { speed: 2, reason: "r" }],
    ["a weight of zero", { weight: 0, reason: "r" }],
    ["text for a number", { weight: "2", reason: "r" }],
    ["a window of nothing", { quota_events: { amount: 1, window_ms: 0, burst: null }, reason: "r" }],
    ["more than one in a nanosecond", { quota_bytes: { amount: 1e12, window_ms: 1, burst: null }, reason: "r" }],
    ["half an event", { batch_limit: 1.5, reason: "r" }],
  ])("refuses %s, and changes nothing", async (_what, body) => {
    expect(await ask("refused", "PATCH", body)).toMatchObject({ status: 400, body: { status: 400 } });
    expect(await ask("refused")).toMatchObject({ body: { policy: null } });
    expect(await audited("refused")).toEqual([]);
  });

  test("at once by many: none is lost, and each audit goes on from the one before", async () => {
    const fields = ["weight", "batch_limit", "breaker_failures", "backlog_max", "breaker_cool_down_ms", "warn_at"];
    const answers = await Promise.all(fields.map((field) => ask("busy", "PATCH", { [field]: 1, reason: field })));
    expect(answers.map(({ status }) => status)).toEqual(fields.map(() => 200));
    const { policy } = (await ask("busy")).body;
    expect(policy.says).toMatchObject(Object.fromEntries(fields.map((field) => [field, 1])));
    const entries = await audited("busy");
    expect(entries).toHaveLength(fields.length);
    for (const [at, { before }] of entries.entries()) expect(before).toEqual(at === 0 ? null : entries[at - 1]!.after);
  });
});

describe("pause and resume", () => {
  test("with who, why and until when; said again it stands anew; each is audited, and a second resume is not", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const operator = await world.token({ role: "operator", tenants: ["a"] });
    const send = (act: string, body: object) =>
      world.ask(`/admin/tenants/a/${act}`, { method: "POST", token: operator, body });
    const actor = `token ${operator.split("_")[1]} (test)`;
    expect(await send("pause", { reason: "their move", until })).toMatchObject({
      status: 200,
      body: { pause: { actor, reason: "their move", until } },
    });
    expect(await send("pause", { reason: "longer" })).toMatchObject({
      body: { pause: { reason: "longer", until: null } },
    });
    const [row] = await world.database.query("select * from siding.usage where tenant_id = 'a'");
    expect(row).toMatchObject({ pause_reason: "longer", paused_until: null });
    const resumed = { pause: null, was_paused: true };
    expect(await send("resume", { reason: "moved" })).toMatchObject({ status: 200, body: resumed });
    expect(await send("resume", { reason: "again" })).toMatchObject({
      status: 200,
      body: { ...resumed, was_paused: false },
    });
    const entry = { actor, role: "operator", subject: "a" };
    expect(await audited("a")).toMatchObject([
      { ...entry, action: "tenants.pause", reason: "their move", before: null, after: { reason: "their move" } },
      { ...entry, action: "tenants.pause", reason: "longer", before: { reason: "their move" }, after: { until: null } },
      { ...entry, action: "tenants.resume", reason: "moved", before: { reason: "longer" }, after: null },
    ]);
    expect((await world.ask("/admin/audit", { token: operator })).body.entries).toHaveLength(3);
  });

  test("of a pause that is over nobody resumes a tenant", async () => {
    await world.database.query(
      "insert into siding.pause (tenant_id, actor, reason, until) values ('over', 'ada', 'r', now() - interval '1 second')",
    );
    expect(await ask("over/resume", "POST", { reason: "r" })).toMatchObject({
      status: 200,
      body: { pause: null, was_paused: false },
    });
    expect(await audited("over")).toEqual([]);
  });

  test("a dry run leaves pause, gate and audit as they were", async () => {
    const rows = () =>
      world.database.query(
        `select (select to_jsonb(p) from siding.pause p where tenant_id = 'dry') as pause,
          (select to_jsonb(g) from siding.gate g where tenant_id = 'dry') as gate,
          (select count(*)::int from siding.audit where tenant_id = 'dry') as audited,
          (select version::text from siding.policy_version) as version`,
      );
    await ask("dry", "PATCH", { backlog_max: 5, reason: "r" });
    const free = await rows();
    expect(await ask("dry/pause", "POST", { dry_run: true, reason: "shown" })).toMatchObject({
      status: 200,
      body: { pause: { reason: "shown" } },
    });
    expect(await rows()).toEqual(free);
    await ask("dry/pause", "POST", { reason: "r" });
    const paused = await rows();
    expect(paused).toMatchObject([{ pause: { reason: "r" }, gate: { backlog_max: 5 }, audited: 2 }]);
    expect(await ask("dry/resume", "POST", { dry_run: true, reason: "shown" })).toMatchObject({
      status: 200,
      body: { pause: null, was_paused: true },
    });
    expect(await rows()).toEqual(paused);
  });

  test.each([
    ["a time that is past", { until: "2020-01-01T00:00:00Z", reason: "r" }],
    ["a day that no calendar has", { until: "2999-02-30T00:00:00Z", reason: "r" }],
    ["no reason", {}],
  ])("refuses %s, and the tenant goes on", async (_what, body) => {
    expect(await ask("free/pause", "POST", body)).toMatchObject({ status: 400 });
    expect(await ask("free")).toMatchObject({ status: 200, body: { pause: null } });
    expect(await audited("free")).toEqual([]);
  });
});

test("what cannot be recorded does not happen", async () => {
  const { database } = world;
  await ask("kept", "PATCH", { weight: 2, reason: "r" });
  await ask("kept/pause", "POST", { reason: "r" });
  const before = (await ask("kept")).body;
  await database.query("alter table siding.audit add constraint recorded check (reason <> 'unrecorded') not valid");
  try {
    const reason = "unrecorded";
    for (const [path, method, body] of [
      ["kept", "PATCH", { weight: 3, blocked: true, reason }],
      ["kept", "PATCH", { weight: null, reason }],
      ["kept/pause", "POST", { reason }],
      ["kept/resume", "POST", { reason }],
    ] as const) {
      expect((await ask(path, method, body)).status).toBe(500);
      expect((await ask("kept")).body).toEqual(before);
    }
    await database.query("select siding.enqueue('t', '1', 'kept')");
  } finally {
    await database.query("alter table siding.audit drop constraint recorded");
  }
});

describe("usage", () => {
  const quota = { events: { limit: "1000", used: "0", remaining: "1000", next_at: null }, bytes: null };

  test("what is pending and how much of the quota is left, with 64-bit numbers as text", async () => {
    expect(await ask("b/usage")).toMatchObject({
      status: 200,
      body: { tenant_id: "b", pending: "1", counted_to: "20000", lag_ms: expect.any(Number), lane: null, quota },
    });
    expect(await ask("nobody/usage")).toMatchObject({
      status: 200,
      body: { pending: "0", lag_ms: null, lane: null, quota },
    });
  });

  test("a quota that is used up, when more may go, and the lane that waits for it", async () => {
    // As a relay leaves them.
    const shard = "siding.shard_of('b', (select shards from siding.deployment))";
    await world.database.query(
      `insert into siding.quota_use (shard, batch, is_whole, tenant_ids, events_until, bytes_until, judged_ns)
      select s.shard, s.promoted_batch, true, '{b}',
        array[(extract(epoch from clock_timestamp() + interval '2 minutes') * 1000000000)::bigint], '{0}', 0
      from siding.shard s where s.shard = ${shard}`,
    );
    await world.database.query(
      `insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, resume_at, probes, cursor)
      select s.shard, s.promoted_batch, gen_random_uuid(), 'b', 'quota', 'events', '2999-01-01Z', 0, s.cursor
      from siding.shard s where s.shard = ${shard}`,
    );
    const { body } = await ask("b/usage");
    expect(body).toMatchObject({
      lane: { reason: "quota", detail: "events", resume_at: "2999-01-01T00:00:00.000Z" },
      quota: { events: { limit: "1000", used: "1000", remaining: "0", next_at: expect.any(String) } },
    });
    expect(Date.parse(body.quota.events.next_at)).toBeGreaterThan(Date.parse(body.at));
  });
});

describe("the list", () => {
  const list = async (query: string) => (await world.ask(`/admin/tenants?${query}`, { token: admin })).body;

  test("counts what is pending to 10,000 each, and to a million over all of a long one, and says how far", async () => {
    await world.database.query("select siding.enqueue('t', '1', 'many') from generate_series(1, 1500)");
    const pendingOf = ({ tenants }: Answer["body"]) =>
      tenants.find((each: Answer["body"]) => each.tenant.tenant_id === "many").usage.pending;
    const short = await list("limit=100");
    expect([short.counted_to, pendingOf(short)]).toEqual(["10000", "1500"]);
    const long = await list("limit=1000");
    expect([long.counted_to, pendingOf(long)]).toEqual(["1000", "1000"]);
  });

  test("goes on behind a name until its end", async () => {
    const names: string[] = [];
    let after: string | null = null;
    do {
      const page: Answer["body"] = await list(`limit=2${after === null ? "" : `&after=${encodeURIComponent(after)}`}`);
      expect(page.tenants.length).toBeLessThanOrEqual(2);
      names.push(...page.tenants.map(({ tenant }: Answer["body"]) => tenant.tenant_id));
      after = page.next_after;
      if (after !== null) expect(after).toBe(names.at(-1));
    } while (after !== null);
    const whole = await list("limit=1000");
    expect(whole.next_after).toBeNull();
    expect(names).toEqual(whole.tenants.map(({ tenant }: Answer["body"]) => tenant.tenant_id));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(["a", "b", "many"]));
    expect((await list(`after=${encodeURIComponent(names.at(-1)!)}`)).tenants).toEqual([]);
  });
});

test.each(["a/b", "größe 50 %", "x".repeat(255), "😀".repeat(255), "../tokens", "'; drop table siding.policy; --"])(
  "the name %j is a tenant's as any other",
  async (name) => {
    const path = encodeURIComponent(name);
    expect(await ask(path, "PATCH", { weight: 2, reason: "r" })).toMatchObject({
      status: 200,
      body: { tenant_id: name, holds: { weight: 2 } },
    });
    expect(await ask(`${path}/usage`)).toMatchObject({ status: 200, body: { tenant_id: name } });
  },
);

test("a name that is too long, or holds a NUL, is refused", async () => {
  expect((await ask("x".repeat(256))).status).toBe(400);
  expect((await ask("a%00b")).status).toBe(400);
});

test("the client speaks of tenants in the same words", async () => {
  const server = await listeningServer(world.database);
  try {
    const client = new AdminClient({ url: `http://127.0.0.1:${server.port}`, token: admin });
    const name = "of/a client";
    expect((await client.patchTenant(name, { weight: 2, reason: "r" })).holds.weight).toBe(2);
    expect((await client.pauseTenant(name, { reason: "r" })).pause).toMatchObject({ reason: "r", until: null });
    expect((await client.resumeTenant(name, { reason: "r" })).pause).toBeNull();
    expect((await client.tenant(name)).said_by.weight).toBe(`tenant/${name}`);
    expect((await client.tenantUsage(name)).quota.events).toBeNull();
  } finally {
    await server.close();
  }
});

describe("the command line", () => {
  const siding = (...args: string[]) =>
    new SidingProcess([...args, "-o", "json"], { DATABASE_URL: world.database.url }).ended;

  test("its changes are audited in the same words, dry runs and refusals are not", async () => {
    await siding("tenants", "set", "cli", "--weight", "3", "--reason", "plan", "--yes");
    await siding("tenants", "pause", "cli", "--for", "2h", "--reason", "move", "--yes");
    await siding("tenants", "resume", "cli", "--reason", "moved", "--yes");
    const [shown, listed, policies] = await Promise.all([
      siding("tenants", "show", "cli"),
      siding("tenants", "list"),
      siding("policies", "list"),
    ]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ policy: { weight: { value: "3", said_by: "tenant/cli" } } });
    expect(listed.stdout).toContain('"tenant_id": "cli"');
    expect(policies.stdout).toContain('"name": "tenant/cli"');
    await siding("tenants", "set", "cli", "--weight", "unset", "--reason", "over", "--yes");
    expect(await siding("tenants", "set", "cli", "--weight", "9", "--dry-run")).toMatchObject({ code: 0 });
    expect(await siding("tenants", "resume", "cli", "--reason", "again", "--yes")).toMatchObject({ code: 2 });
    const entry = { actor: expect.stringContaining("@"), role: "database", subject: "cli" };
    const entries = await audited("cli");
    expect(entries).toMatchObject([
      { ...entry, action: "tenants.set", reason: "plan", before: null, after: { weight: 3 } },
      { ...entry, action: "tenants.pause", reason: "move", before: null, after: { until: expect.any(String) } },
      { ...entry, action: "tenants.resume", reason: "moved", before: { reason: "move" }, after: null },
      { ...entry, action: "tenants.set", reason: "over", before: { weight: 3 }, after: null },
    ]);
    const ms = Date.parse(entries[1]!.after.until) - Date.parse(entries[1]!.after.paused_at);
    expect(Math.abs(ms - 7_200_000)).toBeLessThan(5_000);
  });

  test("says what holds for a tenant whose usage cannot be had in time, and shows what held", async () => {
    const set = (...args: string[]) => siding("tenants", "set", "cold", ...args, "--reason", "r", "--yes");
    await set("--weight", "3");
    // In place of a count that takes too long.
    await world.database.query("revoke select on siding.quota_use from siding_admin");
    try {
      expect(await siding("tenants", "show", "cold")).toMatchObject({ code: 3 });
      expect(await set("--blocked")).toMatchObject({ code: 0, stderr: "" });
      const shown = await new SidingProcess(["tenants", "set", "cold", "--weight", "4", "--dry-run"], {
        DATABASE_URL: world.database.url,
      }).ended;
      expect(shown.stdout).toMatch(/weight +3 +4/);
    } finally {
      await world.database.query("grant select on siding.quota_use to siding_admin");
    }
  });

  test("policies for many tenants are audited without a tenant", async () => {
    await siding("policies", "set", "europe", "--pattern", "eu-*", "--weight", "2", "--reason", "paid", "--yes");
    await siding("policies", "remove", "europe", "--reason", "over", "--yes");
    const entry = { role: "database", tenant_id: null, subject: "europe" };
    expect(
      await world.database.query("select * from siding.audit where action like 'policies.%' order by audit_id"),
    ).toMatchObject([
      { ...entry, action: "policies.set", reason: "paid", before: null, after: { pattern: "eu-*", weight: 2 } },
      { ...entry, action: "policies.remove", reason: "over", before: { pattern: "eu-*" }, after: null },
    ]);
  });

  test("a reason that is too long is refused in one line", async () => {
    const refused = await siding("tenants", "pause", "cli", "--reason", "x".repeat(1_001), "--yes");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("a reason has 1000 characters at most") });
  });
});
