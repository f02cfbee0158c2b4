import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/src/test-database.js";
import { EventTail } from "./event-tail.js";

let server: RunningPostgres;
let database: TestDatabase;
const tails: EventTail[] = [];
const clients: pg.Client[] = [];

beforeAll(async () => {
  // Transactions held open show in every database of a server: this one is the test's own.
  server = await startPostgres({ settings: { fsync: false } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await createTestDatabase(server.url);
});
afterEach(async () => {
  await Promise.all([...tails, ...clients].map((each) => ("next" in each ? each.close() : each.end())));
  tails.length = 0;
  clients.length = 0;
  await database.drop();
});

async function follow(options: Partial<Parameters<typeof EventTail.open>[0]> = {}): Promise<EventTail> {
  const tail = await EventTail.open({ databaseUrl: database.url, ...options });
  tails.push(tail);
  return tail;
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  clients.push(client);
  return client;
}

async function enqueue(client: pg.Client | TestDatabase, tenant: string, topic = "orders"): Promise<string> {
  const sql = "select (siding.enqueue($1, '{}', $2)).event_id";
  const answer = await client.query(sql, [topic, tenant]);
  const rows: { event_id: string }[] = Array.isArray(answer) ? answer : answer.rows;
  return rows[0]!.event_id;
}

/** The ids of all that is there now. */
async function rest(tail: EventTail): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const { events, isAtEnd } = await tail.next();
    ids.push(...events.map(({ eventId }) => eventId));
    if (isAtEnd) return ids;
  }
}

describe("following the log", () => {
  test("begins with what comes from now on, and shows each event once, in order", async () => {
    await enqueue(database, "before");
    const tail = await follow({ pageMax: 2 });
    expect(await rest(tail)).toEqual([]);
    const ids = [];
    for (const tenant of ["a", "b", "c", "d", "e"]) ids.push(await enqueue(database, tenant));
    expect(await rest(tail)).toEqual(ids);
    expect(await rest(tail)).toEqual([]);
  });

  test("shows a late transaction of many pages when it commits, and a rolled-back one never", async () => {
    const [late, undone] = [await connect(), await connect()];
    await late.query("begin");
    await undone.query("begin");
    const tail = await follow({ pageMax: 3 });
    const lateIds = [];
    for (let n = 0; n < 20; n += 1) lateIds.push(await enqueue(late, `late-${n % 5}`));
    await enqueue(undone, "undone");
    const soon = await enqueue(database, "soon");
    expect(await rest(tail)).toEqual([soon]);
    await late.query("commit");
    await undone.query("rollback");
    const after = await enqueue(database, "after");
    expect(await rest(tail)).toEqual([...lateIds, after]);
  });

  test("begins at a time, keeps to a tenant or a topic, and tells what became of an event", async () => {
    const [old, lastHour] = [await enqueue(database, "a"), await enqueue(database, "a")];
    await database.query("update siding.event set created_at = created_at - interval '5 hours' where event_id = $1", [
      old,
    ]);
    const others = [await enqueue(database, "b"), await enqueue(database, "a", "bills")];
    const since = new Date(Date.now() - 3_600_000).toISOString();
    expect(await rest(await follow({ since }))).toEqual([lastHour, ...others]);
    expect(await rest(await follow({ since, tenantId: "a" }))).toEqual([lastHour, others[1]]);
    const tail = await follow({ since, topic: "bills", tenantId: "a" });
    const { events } = await tail.next();
    expect(events.map(({ status }) => status)).toEqual(["pending"]);
    await database.query(
      `update siding.shard
      set cursor = row(99, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`,
    );
    expect((await tail.look(events)).map(({ status }) => status)).toEqual(["published"]);
  });

  test("misses nothing and doubles nothing of writers that overlap, commit late and roll back", async () => {
    const committed: string[] = [];
    const tail = await follow({ pageMax: 7 });
    const seen: string[] = [];
    const write = async (seed: number): Promise<void> => {
      const client = await connect();
      for (let n = 0; n < 30; n += 1) {
        await client.query("begin");
        const ids = [];
        for (let each = 0; each <= (n * seed) % 9; each += 1) ids.push(await enqueue(client, `t-${(n + each) % 11}`));
        await client.query("select pg_sleep($1)", [((n * 7 + seed) % 5) / 200]);
        const isKept = (n + seed) % 6 !== 0;
        await client.query(isKept ? "commit" : "rollback");
        if (isKept) committed.push(...ids);
      }
    };
    let isWriting = true;
    const writing = Promise.all([1, 2, 3, 4, 5, 6].map(write)).finally(() => {
      isWriting = false;
    });
    while (isWriting) seen.push(...(await tail.next()).events.map(({ eventId }) => eventId));
    await writing;
    seen.push(...(await rest(tail)));
    expect(committed.length).toBeGreaterThan(300);
    expect(seen.toSorted()).toEqual(committed.toSorted());
  });
});
