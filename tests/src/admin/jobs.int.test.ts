import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type AdminWorld, adminWorld, listeningServer } from "./admin-world.js";

let world: AdminWorld;
const [ofA, ofB] = [randomUUID(), randomUUID()];
beforeAll(async () => {
  world = await adminWorld(inject("databaseUrl"));
  for (const [tenant, id] of [
    ["a", ofA],
    ["b", ofB],
  ]) {
    await world.database.query("select siding.enqueue('orders', '1', $1, event_id => $2)", [tenant, id]);
  }
  // As a relay leaves them: everything published, and b's a dead letter.
  await world.database.query(
    `update siding.shard s set cursor = row(
      (select coalesce(max(seq), 0) from siding.event), pg_current_snapshot(), pg_current_xact_id(), null, null, null
    )::siding.cursor`,
  );
  await world.database.query(
    `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
    select shard, seq, 5, 'refused', 'refused', now(), 0, now() from siding.event where tenant_id = 'b'`,
  );
});
afterAll(() => world.end());

const ask = async (path: string, body: object, tenants: readonly string[] | null = null) =>
  world.ask(path, { method: "POST", token: await world.token({ role: "operator", tenants }), body });

test("a job that there is not, and a replay that a policy forbids, are the asker's to know", async () => {
  const token = await world.token({ role: "operator", tenants: null });
  const nowhere = `/admin/jobs/${randomUUID()}`;
  expect(await world.ask(nowhere, { token })).toMatchObject({ status: 404 });
  expect(await world.ask(`${nowhere}?reason=r`, { method: "DELETE", token })).toMatchObject({ status: 404 });
  await world.database.query(
    "insert into siding.policy (name, tenant_id, replay, actor, reason) values ('tenant/still', 'still', false, 'ada', 'test')",
  );
  const wanted = { tenant_id: "still", dry_run: true, reason: "r" };
  expect(await ask("/admin/outbox/replay/tenant", wanted)).toMatchObject({
    status: 409,
    body: { type: expect.stringContaining("SIDING_REPLAY_OFF"), detail: expect.stringContaining("tenant/still") },
  });
});

test("a dry run counts and lays nothing down; the job asks for as many, and is in the audit with who and why", async () => {
  const wanted = { tenant_id: "a", reason: "index rebuilt" };
  expect(await ask("/admin/outbox/replay/tenant", { ...wanted, dry_run: true })).toMatchObject({
    status: 200,
    body: { job_id: null, asked: 1, sample: [{ act: "replay", event_id: ofA }] },
  });
  expect((await world.database.query("select from siding.job")).length).toBe(0);
  expect((await world.database.query("select from siding.audit where action = 'jobs.replay'")).length).toBe(0);
  const { body } = await ask("/admin/outbox/replay/tenant", wanted);
  const offer = body as { job_id: string; asked: number };
  expect(offer.asked).toBe(1);
  const [entry] = await world.database.query("select * from siding.audit where action = 'jobs.replay'");
  expect(entry).toMatchObject({ subject: offer.job_id, tenant_id: "a", role: "operator", reason: "index rebuilt" });

  const token = await world.token({ role: "operator", tenants: ["a"] });
  expect(await world.ask(`/admin/jobs/${offer.job_id}`, { token })).toMatchObject({
    status: 200,
    body: { state: "running", asked: 1, filter: { tenant: "a" } },
  });
  expect(await world.ask("/admin/jobs?running=true", { token })).toMatchObject({
    body: { jobs: [{ job_id: offer.job_id }] },
  });
  const cancel = `/admin/jobs/${offer.job_id}?reason=wrong`;
  const foreign = await world.token({ role: "operator", tenants: ["b"] });
  expect(await world.ask(cancel, { method: "DELETE", token: foreign })).toMatchObject({ status: 404 });
  expect(await world.ask(cancel, { method: "DELETE", token })).toMatchObject({
    status: 200,
    body: { state: "cancelled", cancel_reason: "wrong", was_running: true },
  });
  expect(await world.ask(`/admin/jobs/${offer.job_id}?reason=late`, { method: "DELETE", token })).toMatchObject({
    status: 200,
    body: { state: "cancelled", cancel_reason: "wrong", was_running: false },
  });
});

test("ids of a foreign tenant ask for nothing with a bound token, and dead letters are its own alone", async () => {
  const ids = { event_ids: [ofA, ofB], dry_run: true, reason: "r" };
  expect(await ask("/admin/outbox/replay", ids, ["a"])).toMatchObject({
    body: { asked: 1, sample: [{ event_id: ofA }] },
  });
  expect(await ask("/admin/outbox/replay", ids)).toMatchObject({ body: { asked: 2 } });
  expect(await ask("/admin/outbox/replay", { ...ids, tenant_id: "b" }, ["a"])).toMatchObject({ status: 403 });
  for (const ruling of ["redrive", "discard"]) {
    const all = { dry_run: true, reason: "r" };
    expect(await ask(`/admin/dead-letters/${ruling}`, all, ["a"])).toMatchObject({ body: { asked: 0 } });
    expect(await ask(`/admin/dead-letters/${ruling}`, all, ["b"])).toMatchObject({
      body: { asked: 1, sample: [{ act: ruling, event_id: ofB }] },
    });
  }
});

test("a bound token is told of its own tenants' overlapping jobs alone", async () => {
  const everybody = (await ask("/admin/outbox/replay", { event_ids: [ofA], reason: "anybody's" })).body;
  const own = (await ask("/admin/outbox/replay", { event_ids: [ofA], reason: "only a's" }, ["a"])).body;
  const wanted = { tenant_id: "a", dry_run: true, reason: "r" };
  const overlaps = async (tenants: readonly string[] | null) => {
    const { body } = await ask("/admin/outbox/replay/tenant", wanted, tenants);
    return body.overlaps;
  };
  const said = { kind: "replay", actor: expect.stringMatching(/^token [0-9a-f]{12} \(test\)$/) };
  const ofOwn = { ...said, job_id: own.job_id, reason: "only a's" };
  expect(await overlaps(null)).toEqual([{ ...said, job_id: everybody.job_id, reason: "anybody's" }, ofOwn]);
  expect(await overlaps(["a"])).toEqual([ofOwn]);
});

test("a job whose asker has gone is not laid down", async () => {
  const { database } = world;
  const token = await world.token({ role: "operator" });
  const server = await listeningServer(database);
  // The job waits for this session's lock, which is of no transaction.
  const gate = new pg.Client({ connectionString: database.url });
  await gate.connect();
  await database.query(
    `create function siding.wait_at_gate() returns trigger language plpgsql security definer as
    'begin perform pg_advisory_lock_shared(4711), pg_advisory_unlock_shared(4711); return new; end'`,
  );
  await database.query(
    "create trigger wait_at_gate before insert on siding.job for each row execute function siding.wait_at_gate()",
  );
  const jobs = async () => (await database.query("select from siding.job")).length;
  const laid = async (signal: AbortSignal | null) =>
    fetch(`http://127.0.0.1:${server.port}/admin/outbox/replay`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ event_ids: [ofA], reason: "r" }),
      signal,
    });
  const waiting = "select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted";
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  try {
    const before = await jobs();
    await gate.query("select pg_advisory_lock(4711)");
    const asker = new AbortController();
    const asked = laid(asker.signal);
    await until(async () => (await database.query(waiting)).length > 0);
    asker.abort();
    await expect(asked).rejects.toThrow();
    // By then the server has seen the connection go.
    await fetch(`http://127.0.0.1:${server.port}/healthz`);
    await gate.query("select pg_advisory_unlock(4711)");
    const open = "select from pg_stat_activity where application_name = 'siding-admin' and xact_start is not null";
    await until(async () => (await database.query(`${open} and datname = current_database()`)).length === 0);
    expect(await jobs()).toBe(before);
    expect((await laid(null)).status).toBe(200);
    expect(await jobs()).toBe(before + 1);
  } finally {
    await database.query("drop trigger wait_at_gate on siding.job");
    await gate.end();
    await server.close();
  }
});
