import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type AdminWorld, type Answer, adminWorld } from "./admin-world.js";

/** Who may call what. Not read from the server: a route that declares too little has to differ from this. */
const ROUTES: Readonly<
  Record<string, { readonly role: "public" | "viewer" | "operator" | "admin"; readonly isOfTenant?: true }>
> = {
  "GET /openapi.json": { role: "public" },
  "GET /healthz": { role: "public" },
  "GET /admin/outbox": { role: "viewer", isOfTenant: true },
  "GET /admin/outbox/:event_id": { role: "viewer", isOfTenant: true },
  "GET /admin/dead-letters": { role: "viewer", isOfTenant: true },
  "GET /admin/dead-letters/causes": { role: "viewer", isOfTenant: true },
  "POST /admin/outbox/replay": { role: "operator", isOfTenant: true },
  "POST /admin/outbox/replay/tenant": { role: "operator", isOfTenant: true },
  "POST /admin/dead-letters/redrive": { role: "operator", isOfTenant: true },
  "POST /admin/dead-letters/discard": { role: "operator", isOfTenant: true },
  "GET /admin/jobs": { role: "viewer", isOfTenant: true },
  "GET /admin/jobs/:job_id": { role: "viewer", isOfTenant: true },
  "DELETE /admin/jobs/:job_id": { role: "operator", isOfTenant: true },
  "GET /admin/tenants": { role: "viewer" },
  "GET /admin/tenants/:tenant_id": { role: "viewer", isOfTenant: true },
  "PATCH /admin/tenants/:tenant_id": { role: "admin", isOfTenant: true },
  "POST /admin/tenants/:tenant_id/pause": { role: "operator", isOfTenant: true },
  "POST /admin/tenants/:tenant_id/resume": { role: "operator", isOfTenant: true },
  "GET /admin/tenants/:tenant_id/usage": { role: "viewer", isOfTenant: true },
  "GET /admin/status": { role: "viewer" },
  "GET /admin/relays": { role: "viewer" },
  "GET /admin/audit": { role: "operator", isOfTenant: true },
  "GET /admin/tokens": { role: "admin" },
  "POST /admin/tokens": { role: "admin" },
  "POST /admin/tokens/:prefix/revoke": { role: "admin" },
};
const RANK = { public: -1, viewer: 0, operator: 1, admin: 2 } as const;
const ROLES = ["viewer", "operator", "admin"] as const;

let world: AdminWorld;
const eventOfA = randomUUID();
const jobOfA = randomUUID();
beforeAll(async () => {
  world = await adminWorld(inject("databaseUrl"));
  await world.database.query(`select siding.enqueue('orders', '{"secret": 1}', 'a', event_id => $1)`, [eventOfA]);
  await world.database.query(`select siding.enqueue('orders', '{"secret": 1}', 'b')`);
  await world.database.query(
    "insert into siding.failure select shard, seq, 5, 'refused', 'refused', now(), 0, now() from siding.event",
  );
});
beforeAll(async () => {
  await world.database.query(
    "insert into siding.job (job_id, kind, tenant_id, actor, reason) values ($1, 'replay', 'a', 'test', 'test')",
    [jobOfA],
  );
});
afterAll(() => world.end());

function call(route: string, token?: string, query = ""): Promise<Answer> {
  const [method, path] = route.split(" ") as [string, string];
  const tenant = new URLSearchParams(query).get("tenant") ?? "a";
  const filled = path
    .replace(":event_id", eventOfA)
    .replace(":prefix", "000000000000")
    .replace(":job_id", jobOfA)
    .replace(":tenant_id", tenant);
  const url = path.includes(":tenant_id") ? filled : filled + query;
  const bodies: Record<string, object> = {
    "POST /admin/outbox/replay": { event_ids: [eventOfA], tenant_id: tenant, dry_run: true, reason: "r" },
    "POST /admin/outbox/replay/tenant": { tenant_id: tenant, dry_run: true, reason: "r" },
    "POST /admin/dead-letters/redrive": { tenant_id: tenant, dry_run: true, reason: "r" },
    "POST /admin/dead-letters/discard": { tenant_id: tenant, dry_run: true, reason: "r" },
    "PATCH /admin/tenants/:tenant_id": { weight: 2, reason: "r" },
    "POST /admin/tenants/:tenant_id/pause": { reason: "r" },
    "POST /admin/tenants/:tenant_id/resume": { reason: "r" },
    "POST /admin/tokens": {
      name: "n",
      role: "viewer",
      tenants: null,
      may_see_payload: false,
      expires_at: null,
      reason: "r",
    },
    "POST /admin/tokens/:prefix/revoke": { reason: "r" },
  };
  return world.ask(url, { method, token, body: bodies[route] });
}

const isRefused = ({ status }: Answer): boolean => status === 401 || status === 403;

describe("every route", () => {
  test("is in this list, and its HEAD with it", () => {
    const registered = world.routes.map(({ method, url }) => `${method.replace("HEAD", "GET")} ${url}`);
    expect([...new Set(registered)].sort()).toEqual(Object.keys(ROUTES).sort());
  });

  describe.each(Object.entries(ROUTES))("%s", (route, { role, isOfTenant }) => {
    const isPublic = role === "public";

    test.each([
      ["without a token", async () => undefined],
      [
        "with another's token",
        async () => (await world.token({ role: "admin" })).replace(/.$/, (last) => (last === "A" ? "E" : "A")),
      ],
      ["with a token of nobody", async () => `siding_${"0".repeat(12)}_${"A".repeat(43)}`],
      ["with text that is no token", async () => "'; drop table siding.admin_token; --"],
      ["with an expired token", () => world.token({ role: "admin", expiresAt: "2020-01-01T00:00:00Z" })],
      [
        "with a revoked token",
        async () => {
          const token = await world.token({ role: "admin" });
          await world.tokens.revoke(token.split("_")[1]!, { actor: "test", role: "admin", reason: "test" });
          return token;
        },
      ],
    ])("%s", async (_how, token) => {
      for (const each of route.startsWith("GET") ? [route, route.replace("GET", "HEAD")] : [route]) {
        const answer = await call(each, await token());
        expect(answer.status).toBe(isPublic ? 200 : 401);
        if (!isPublic) expect(answer.headers["www-authenticate"]).toBe("Bearer");
      }
    });

    test.each(ROLES)("with a token of role %s", async (given) => {
      const answer = await call(route, await world.token({ role: given }));
      expect(isRefused(answer), answer.text).toBe(RANK[given] < RANK[role]);
      expect(answer.status).toBeLessThan(500);
    });

    test.each(ROLES)("with a token of role %s that is bound to a tenant", async (given) => {
      const answer = await call(route, await world.token({ role: given, tenants: ["a"] }));
      expect(isRefused(answer), answer.text).toBe(!isPublic && (RANK[given] < RANK[role] || isOfTenant !== true));
    });

    // A job's id names it by itself: whose it is not, to them it is not there.
    test.runIf(route.includes(":job_id"))(
      "shows a foreign tenant's job to nobody who is bound to another",
      async () => {
        const reason = route.startsWith("DELETE") ? "?reason=r" : "";
        expect((await call(route, await world.token({ role: "admin", tenants: ["b"] }), reason)).status).toBe(404);
        expect((await call(route, await world.token({ role: "admin", tenants: ["a"] }), reason)).status).toBe(200);
      },
    );

    test.runIf(isOfTenant && !route.includes(":job_id"))(
      "shows a foreign tenant to nobody who is bound to another",
      async () => {
        for (const tenants of [["b"], ["b", "c"]]) {
          const token = await world.token({ role: "admin", tenants, maySeePayload: true });
          expect((await call(route, token, "?tenant=a")).status).toBe(403);
          const own = await call(route, token, "?tenant=b");
          expect([200, 404]).toContain(own.status);
          expect(own.text).not.toMatch(/"tenant_id": ?"a"/);
        }
      },
    );
  });
});

test("a token that is bound to several tenants has to name one for a list, and none for an event", async () => {
  const token = await world.token({ tenants: ["a", "b"] });
  expect(await world.ask("/admin/outbox", { token })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("name one") },
  });
  expect(await world.ask(`/admin/outbox/${eventOfA}`, { token })).toMatchObject({
    status: 200,
    body: { tenant_id: "a" },
  });
  const foreign = await world.token({ tenants: ["b", "c"] });
  expect(await world.ask(`/admin/outbox/${eventOfA}`, { token: foreign })).toMatchObject({ status: 404 });
});

describe("without a token", () => {
  let open: AdminWorld;
  beforeAll(async () => {
    open = await adminWorld(inject("databaseUrl"), { isLoopback: true });
  });
  afterAll(() => open.end());

  test("loopback serves until the first one is made, under its own name alone, and never again", async () => {
    expect((await open.ask("/admin/outbox")).status).toBe(200);
    expect((await open.ask("/admin/outbox", { headers: { host: "evil.example" } })).status).toBe(403);
    expect((await open.ask("/admin/outbox", { token: `siding_${"0".repeat(12)}_${"A".repeat(43)}` })).status).toBe(401);
    const token = await open.token();
    expect((await open.ask("/admin/outbox")).status).toBe(401);
    expect((await open.ask("/admin/outbox", { token })).status).toBe(200);
    await open.tokens.revoke(token.split("_")[1]!, { actor: "test", role: "admin", reason: "test" });
    expect((await open.ask("/admin/outbox")).status).toBe(401);
  });
});
