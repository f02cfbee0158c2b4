import { randomUUID } from "node:crypto";
import { Problem } from "@siding/admin/api/problem.js";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type AdminWorld, type Answer, adminWorld } from "./admin-world.js";

const ajv = addFormats.default(new Ajv());
const isProblem = ajv.compile(Problem);
const EVIL = [
  "'; drop table siding.event; --",
  "' or '1'='1",
  "\\'; select pg_sleep(10); --",
  "$1",
  "a\r\nset-cookie: x=1",
  "\u001b[2J",
  "%00%27",
  "{{7*7}}",
  "\u202e",
];

let world: AdminWorld;
let admin: string;
const ids = Array.from({ length: 5 }, () => randomUUID());
beforeAll(async () => {
  world = await adminWorld(inject("databaseUrl"), {
    redactions: [{ topic: "cards", path: ["card", "number"] }],
  });
  admin = await world.token({ role: "admin", maySeePayload: true });
  for (const [n, id] of ids.entries()) {
    await world.database.query(
      `select siding.enqueue('orders', '{"n": 12345678901234567890}', $1, key => 'k', event_id => $2)`,
      [n < 3 ? "a" : "b", id],
    );
  }
});
afterAll(() => world.end());

function expectProblem(answer: Answer, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json(;|$)/);
  expect(isProblem(answer.body), answer.text).toBe(true);
  expect(answer.body.status).toBe(status);
}

describe("lists", () => {
  test("go on by cursor with the same filters, and with no others", async () => {
    const first = await world.ask("/admin/outbox?limit=2&since=2020-01-01T00:00:00Z", { token: admin });
    expect(first.body.events.map((event: { event_id: string }) => event.event_id)).toEqual([ids[4], ids[3]]);
    const { next_cursor: cursor } = first.body;
    // Another since is the same list: one that is relative to now moves between two pages.
    const second = await world.ask(`/admin/outbox?limit=2&since=2021-01-01T00:00:00Z&cursor=${cursor}`, {
      token: admin,
    });
    expect(second.body.events.map((event: { event_id: string }) => event.event_id)).toEqual([ids[2], ids[1]]);
    expectProblem(await world.ask(`/admin/outbox?tenant=a&cursor=${cursor}`, { token: admin }), 400);
    expectProblem(await world.ask(`/admin/outbox?cursor=${cursor}&offset=1`, { token: admin }), 400);
    // A cursor is the place in a list, not a right to it.
    const bound = await world.token({ tenants: ["b"] });
    expectProblem(await world.ask(`/admin/outbox?cursor=${cursor}`, { token: bound }), 400);
  });

  test("leave out as many as the offset says", async () => {
    const { body } = await world.ask("/admin/outbox?offset=3&limit=1", { token: admin });
    expect(body.events).toMatchObject([{ event_id: ids[1], seq: expect.any(String) }]);
    expect((await world.ask(`/admin/outbox?cursor=${body.next_cursor}`, { token: admin })).body.events).toHaveLength(1);
    expect((await world.ask("/admin/outbox?offset=5", { token: admin })).body).toEqual({
      events: [],
      next_cursor: null,
    });
  });

  test("find by every filter", async () => {
    for (const [query, count] of [
      ["tenant=a", 3],
      ["topic=orders", 5],
      ["topic=nowhere", 0],
      ["status=pending", 5],
      ["status=published", 0],
      ["key=k&tenant=b", 2],
      [`id=${ids[0]}`, 1],
      [`dedupe_key=${ids[0]}`, 1],
      ["until=2020-01-01T00:00:00Z", 0],
    ] as const) {
      expect((await world.ask(`/admin/outbox?${query}`, { token: admin })).body.events, query).toHaveLength(count);
    }
    const bound = await world.token({ tenants: ["b"] });
    expect((await world.ask("/admin/outbox?key=k", { token: bound })).body.events).toHaveLength(2);
  });
});

describe("a payload", () => {
  test("is shown to whom the token says, with its numbers as they were enqueued", async () => {
    const seen = await world.ask(`/admin/outbox/${ids[0]}`, { token: admin });
    expect(seen.text).toContain('"n": 12345678901234567890');
    expect(seen.body).toMatchObject({ payload_hidden: false, headers: {} });
    const hidden = await world.ask(`/admin/outbox/${ids[0]}`, { token: await world.token({ role: "operator" }) });
    expect(hidden.body).toMatchObject({ payload_hidden: true, headers: null, payload: null, payload_base64: null });
    expect(hidden.text).not.toContain("12345678901234567890");
  });

  test("is redacted for everybody, and bytes of that topic are hidden whole", async () => {
    const [json, bytes] = [randomUUID(), randomUUID()];
    await world.database.query(
      `select siding.enqueue('cards', '{"card": {"number": "4111", "name": "x"}}', 'a', event_id => $1)`,
      [json],
    );
    await world.database.query(
      "select siding.enqueue_bytes('cards', 'secret'::bytea, 'text/plain', 'a', event_id => $1)",
      [bytes],
    );
    const shown = await world.ask(`/admin/outbox/${json}`, { token: admin });
    expect(shown.body.payload).toEqual({ card: { number: "[redacted]", name: "x" } });
    expect((await world.ask(`/admin/outbox/${bytes}`, { token: admin })).body).toMatchObject({
      payload_hidden: true,
      payload_base64: null,
    });
  });
});

describe("what is refused is a problem document", () => {
  test.each([
    ["GET", "/nowhere", 404],
    ["GET", "/admin", 404],
    ["GET", `/admin/outbox/${randomUUID()}`, 404],
    ["POST", "/admin/outbox", 405],
    ["DELETE", `/admin/outbox/${randomUUID()}`, 405],
    ["PATCH", "/admin/tokens", 405],
    ["QUERY", "/admin/tokens", 405],
    ["QUERY", "/nowhere", 404],
    ["GET", "/admin/outbox?limit=0", 400],
    ["GET", "/admin/outbox?limit=1001", 400],
    ["GET", "/admin/outbox?limit=1&limit=2", 400],
    ["GET", "/admin/outbox?offset=10001", 400],
    ["GET", "/admin/outbox?tenant=", 400],
    ["GET", "/admin/outbox?tenant=%00", 400],
    ["GET", "/admin/outbox?status=lost", 400],
    ["GET", "/admin/outbox?tennant=a", 400],
    ["GET", "/admin/outbox?since=yesterday", 400],
    ["GET", "/admin/outbox?since=0000-01-01T00:00:00Z", 400],
    ["GET", "/admin/outbox?cursor=nonsense", 400],
    ["GET", "/admin/outbox/no-uuid", 400],
    ["GET", "/admin/outbox/%zz", 400],
  ])("%s %s: %i", async (method, path, status) => {
    const answer = await world.ask(path, { method, token: admin });
    expectProblem(answer, status);
    if (status === 405) expect(answer.headers.allow).toMatch(/GET/);
  });

  test.each([
    [{ name: "n" }, 400],
    [{ name: "n", role: "root", tenants: null, may_see_payload: true, expires_at: null, reason: "r" }, 400],
    [{ name: "n", role: "viewer", tenants: [], may_see_payload: true, expires_at: null, reason: "r" }, 400],
    [{ name: "n", role: "viewer", tenants: null, may_see_payload: "true", expires_at: null, reason: "r" }, 400],
    [
      {
        name: "n",
        role: "viewer",
        tenants: null,
        may_see_payload: true,
        expires_at: "0000-01-01T00:00:00Z",
        reason: "r",
      },
      400,
    ],
    [{ name: "n\u0000", role: "viewer", tenants: null, may_see_payload: true, expires_at: null, reason: "r" }, 400],
    [{ name: "n", role: "viewer", tenants: null, may_see_payload: true, expires_at: null, reason: "r", more: 1 }, 400],
    [
      { name: "n", role: "viewer", tenants: null, may_see_payload: true, expires_at: null, reason: "r".repeat(70_000) },
      413,
    ],
  ])("a body %#", async (body, status) => {
    expectProblem(await world.ask("/admin/tokens", { method: "POST", token: admin, body }), status);
  });

  test("also of another kind than JSON, and where it is none", async () => {
    const headers = { "content-type": "text/xml" };
    expectProblem(await world.ask("/admin/tokens", { method: "POST", token: admin, headers, body: "<a/>" }), 415);
    const broken = { method: "POST", token: admin, headers: { "content-type": "application/json" } };
    expectProblem(await world.ask("/admin/tokens", { ...broken, body: "{" }), 400);
    expectProblem(await world.ask("/admin/tokens", { ...broken, body: '{"__proto__": {"role": "admin"}}' }), 400);
  });

  test("a query that takes longer than it may", async () => {
    const hasty = await adminWorld(inject("databaseUrl"), { statementTimeoutMs: 200 });
    const holder = new pg.Client({ connectionString: hasty.database.url });
    await holder.connect();
    try {
      const token = await hasty.token();
      await holder.query("begin; lock table siding.failure in access exclusive mode");
      expectProblem(await hasty.ask("/admin/outbox", { token }), 422);
      await holder.query("rollback");
      expect((await hasty.ask("/admin/outbox", { token })).status).toBe(200);
    } finally {
      await holder.end();
      await hasty.end();
    }
  });

  test("too many requests of one token, while others go on", async () => {
    const busy = await adminWorld(inject("databaseUrl"), { requestsPerMinute: 3 });
    try {
      const [token, other] = [await busy.token(), await busy.token()];
      for (let n = 0; n < 3; n += 1) expect((await busy.ask("/admin/outbox", { token })).status).toBe(200);
      const answer = await busy.ask("/admin/outbox", { token });
      expectProblem(answer, 429);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expect((await busy.ask("/admin/outbox", { token: other })).status).toBe(200);
    } finally {
      await busy.end();
    }
  });

  test("more requests at once than may wait", async () => {
    const holder = new pg.Client({ connectionString: world.database.url });
    await holder.connect();
    try {
      await holder.query("begin; lock table siding.failure in access exclusive mode");
      const asked = Array.from({ length: 60 }, () => world.ask("/admin/outbox", { token: admin }));
      const refused = await Promise.any(
        asked.map(async (each) => ((await each).status === 503 ? each : Promise.reject())),
      );
      expectProblem(refused, 503);
      expect(refused.headers["retry-after"]).toBe("1");
      await holder.query("rollback");
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
      expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    } finally {
      await holder.end();
    }
  });

  test("a failure of the server's own says nothing of it, but to its log", async () => {
    await world.database.query("alter table siding.audit rename to hidden");
    try {
      const answer = await world.ask("/admin/audit", { token: admin });
      expectProblem(answer, 500);
      expect(answer.text).not.toMatch(/hidden|audit|127\.0\.0\.1|postgres/i);
      expect(world.log.some((line) => line.startsWith(answer.body.request_id))).toBe(true);
    } finally {
      await world.database.query("alter table siding.hidden rename to audit");
    }
  });
});

describe("injection", () => {
  test.each(EVIL)("%j is a value in every filter, and no text of a log", async (evil) => {
    const text = encodeURIComponent(evil);
    for (const path of ["/admin/outbox", "/admin/dead-letters", "/admin/dead-letters/causes"]) {
      for (const filter of ["tenant", "topic", "key", "dedupe_key"]) {
        const { status, headers } = await world.ask(`${path}?${filter}=${text}`, { token: admin });
        expect(status, `${path} ${filter}`).toBe(200);
        expect(headers["set-cookie"]).toBeUndefined();
      }
      for (const filter of ["status", "since", "until", "id", "limit", "cursor", "offset"]) {
        expectProblem(await world.ask(`${path}?${filter}=${text}`, { token: admin }), 400);
      }
    }
    expect((await world.ask(`/admin/audit?tenant=${text}`, { token: admin })).body.entries).toEqual([]);
    expect([400, 404]).toContain((await world.ask(`/admin/outbox/${text}`, { token: admin })).status);
    expect((await world.ask("/admin/outbox", { headers: { authorization: `Bearer ${text}` } })).status).toBe(401);
    expect(
      (await world.database.query("select count(*)::int as n from siding.event where topic = 'orders'"))[0],
    ).toEqual({ n: 5 });
    const log = world.log.join("\n");
    expect(log).toContain("/admin/outbox");
    expect(log).not.toContain(evil);
  });

  test("a bound token names foreign tenants in no way", async () => {
    const token = await world.token({ role: "operator", tenants: ["b"], maySeePayload: true });
    for (const query of [
      "tenant=a",
      "tenant=a&tenant=b",
      "tenant=b&tenant=a",
      "tenant=%61",
      "tenant[]=a",
      "tenant.0=a",
      "TENANT=a",
    ]) {
      const answer = await world.ask(`/admin/outbox?${query}`, { token });
      expect([400, 403], query).toContain(answer.status);
    }
    expect((await world.ask("/admin/outbox?tenant=b,a", { token })).status).toBe(403);
  });
});

describe("a change", () => {
  const wanted = {
    name: "n'; --",
    role: "viewer",
    tenants: ["a"],
    may_see_payload: false,
    expires_at: null,
    reason: "a 'reason'\n",
  };

  test("is recorded with its actor and its reason, without the secret", async () => {
    const made = await world.ask("/admin/tokens", { method: "POST", token: admin, body: wanted });
    expect(made.status).toBe(201);
    const { token, prefix } = made.body;
    expect(token).toMatch(new RegExp(`^siding_${prefix}_`));
    const revoked = await world.ask(`/admin/tokens/${prefix}/revoke`, {
      method: "POST",
      token: admin,
      body: { reason: "over" },
    });
    expect(revoked.body).toMatchObject({ prefix, state: "revoked" });
    const again = await world.ask(`/admin/tokens/${prefix}/revoke`, {
      method: "POST",
      token: admin,
      body: { reason: "over" },
    });
    expect(again.body).toEqual(revoked.body);
    const { body, text } = await world.ask("/admin/audit?limit=2", { token: admin });
    const actor = `token ${admin.split("_")[1]} (test)`;
    expect(body.entries).toMatchObject([
      {
        action: "tokens.revoke",
        subject: prefix,
        actor,
        reason: "over",
        before: { revoked_at: null },
        after: { revoked_by: actor },
      },
      {
        action: "tokens.create",
        subject: prefix,
        actor,
        reason: wanted.reason,
        before: null,
        after: { tenants: ["a"] },
      },
    ]);
    expect(text).not.toMatch(/sha256/);
    expect(text).not.toContain(token.slice("siding_".length + 13));
    expect(world.log.join("\n")).not.toContain(token.slice("siding_".length + 13));
  });

  test("the audit is newest first however long its numbers are, page by page", async () => {
    await world.database.query(
      `insert into siding.audit (actor, role, action, reason, tenant_id, subject)
      select 'x', 'admin', 'y', 'z', 'paged', n from generate_series(1, 120) n order by n`,
    );
    const subjects: number[] = [];
    let next = "";
    do {
      const path = `/admin/audit?tenant=paged&limit=50${next === "" ? "" : `&cursor=${next}`}`;
      const { body } = await world.ask(path, { token: admin });
      subjects.push(...body.entries.map(({ subject }: { subject: string }) => Number(subject)));
      next = body.next_cursor ?? "";
    } while (next !== "");
    expect(subjects).toEqual(Array.from({ length: 120 }, (_, n) => 120 - n));
  });

  test("is not made where it cannot be recorded", async () => {
    const count = "select count(*)::int as n from siding.admin_token";
    const [before] = await world.database.query(count);
    await world.database.query(
      "alter table siding.audit add constraint refused check (action <> 'tokens.create') not valid",
    );
    try {
      expectProblem(await world.ask("/admin/tokens", { method: "POST", token: admin, body: wanted }), 500);
      expect((await world.database.query(count))[0]).toEqual(before);
    } finally {
      await world.database.query("alter table siding.audit drop constraint refused");
    }
  });

  test("that was recorded stays so, whoever wants to change it", async () => {
    for (const sql of ["update siding.audit set actor = 'x'", "delete from siding.audit", "truncate siding.audit"]) {
      await expect(world.database.query(sql)).rejects.toMatchObject({ code: "42501" });
      await expect(world.database.query(`set role siding_admin; ${sql}`)).rejects.toMatchObject({ code: "42501" });
    }
  });
});

test("the description fits the routes, and names the token for each of them that wants one", async () => {
  const { body } = await world.ask("/openapi.json");
  expect(body.openapi).toBe("3.1.0");
  for (const { method, url } of world.routes) {
    if (method === "HEAD") continue;
    const operation = body.paths[url.replace(/:(\w+)/g, "{$1}")][method.toLowerCase()];
    expect(operation.responses["4XX"].content["application/problem+json"], url).toBeDefined();
    expect(operation.security, url).toEqual(url.startsWith("/admin") ? [{ token: [] }] : []);
  }
});
