import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/src/test-database.js";
import { openAdminSession } from "./admin-session.js";
import type { EventFilter } from "./event-filter.js";
import { EventInspection, type InspectedEvent } from "./event-inspection.js";
import { InspectionSession } from "./inspection-session.js";

const databases: TestDatabase[] = [];
let database: TestDatabase;
let client: pg.Client;
let inspection: EventInspection;

beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  databases.push(database);
  client = await openAdminSession(database.url, "siding-test");
  inspection = new EventInspection(new InspectionSession(client, "test", null));
});
afterEach(() => client.end());
afterAll(async () => {
  for (const each of databases) await each.drop();
});

interface Given {
  readonly tenant?: string;
  readonly topic?: string;
  readonly key?: string | null;
  readonly dedupe?: string | null;
  readonly id?: string | null;
}

async function enqueue({
  tenant = "a",
  topic = "orders",
  key = null,
  dedupe = null,
  id = null,
}: Given): Promise<bigint> {
  const sql = "select (siding.enqueue($1, '{}', $2, $3, $4, event_id => $5)).seq";
  return BigInt((await database.query(sql, [topic, tenant, dedupe, key, id]))[0]!.seq);
}

/** As a relay leaves a shard that has published everything that is committed now; of all shards where none is named. */
async function promoteAll(): Promise<void> {
  await database.query(
    `update siding.shard
    set cursor = row((select coalesce(max(seq), 0) from siding.event), pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor,
      last_batch = last_batch + 1, promoted_batch = last_batch + 1`,
  );
}

async function bury(seq: bigint, error = "Broker: too large", deadBatch = 0): Promise<void> {
  await database.query(
    `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
    select shard, seq, 5, $2, lower($2), clock_timestamp(), $3, clock_timestamp() from siding.event where seq = $1`,
    [String(seq), error, deadBatch],
  );
}

/** Lanes of the first few tenants so named, which have published nothing yet. */
async function hold(prefix: string, tenants: number): Promise<void> {
  await database.query(
    `insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, probes, cursor)
    select siding.shard_of($1 || n, d.shards), 0, gen_random_uuid(), $1 || n, 'quota', '', 0,
      row(0, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor
    from generate_series(0, $2::int - 1) n, siding.deployment d`,
    [prefix, tenants],
  );
}

async function list(filter: EventFilter, limit = 1_000): Promise<readonly InspectedEvent[]> {
  return (await inspection.list(filter, { below: null, limit, roundsMax: 1 })).events;
}
const seqs = async (filter: EventFilter): Promise<bigint[]> => (await list(filter)).map(({ seq }) => seq);

/** All seqs, page by page. */
async function paged(filter: EventFilter, limit: number): Promise<bigint[]> {
  const all: bigint[] = [];
  let below: bigint | null = null;
  do {
    const page = await inspection.list(filter, { below, limit, roundsMax: 1 });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    all.push(...page.events.map(({ seq }) => seq));
    below = page.nextBelow;
  } while (below !== null);
  return all;
}

describe("a list of events", () => {
  test("of an empty outbox is empty, whatever is asked", async () => {
    for (const status of [undefined, "pending", "published", "dead"] as const) {
      expect(
        await inspection.list({ status, since: "2026-01-01T00:00:00Z" }, { below: null, limit: 5, roundsMax: 1 }),
      ).toEqual({ events: [], nextBelow: null });
    }
  });

  test("since a time before all of them begins with the first, whichever shard holds it", async () => {
    const all = [];
    for (const tenant of ["a", "b", "c", "d", "e", "f", "g", "h"]) all.push(await enqueue({ tenant }));
    const shards = await database.query("select distinct shard from siding.event");
    expect(shards.length).toBeGreaterThan(1);
    expect(await seqs({ since: "2020-01-01T00:00:00Z" })).toEqual(all.toReversed());
    expect(await seqs({ since: "2020-01-01T00:00:00Z", until: "9999-01-01T00:00:00Z" })).toEqual(all.toReversed());
    expect(await seqs({ until: "2020-01-01T00:00:00Z" })).toEqual([]);
  });

  test("agrees with siding.events for every combination of filters, in pages of any size", async () => {
    const tenants = ["a", "b", "c", "d", "e"];
    for (let n = 0; n < 120; n += 1) {
      const seq = await enqueue({
        tenant: tenants[n % 5]!,
        topic: `topic-${n % 3}`,
        key: n % 2 === 0 ? `key-${n % 4}` : null,
        dedupe: n % 7 === 0 ? `d-${n % 14}-${n}` : null,
      });
      if (n % 9 === 0) await bury(seq);
      if (n === 80) await promoteAll();
    }
    // Some behind the cursor count as published: a recovery found them in Kafka.
    await database.query(
      "insert into siding.already_published select shard, seq from siding.event where seq % 10 = 7 and seq > 81",
    );
    // A clock that stood still for the first half makes times that seq does not tell apart.
    await database.query(
      "update siding.event set created_at = timestamptz '2026-01-01' + (seq / 10) * interval '1 minute'",
    );
    const times = ["2026-01-01T00:03:00.000Z", "2026-01-01T00:09:00.000Z"];
    for (const tenantId of [undefined, "a", "nobody"]) {
      for (const topic of [undefined, "topic-1"]) {
        for (const key of [undefined, "key-2"]) {
          for (const status of [undefined, "pending", "published", "dead"] as const) {
            for (const [since, until] of [[], [times[0]], [undefined, times[1]], times]) {
              const expected = await database.query(
                `select seq from siding.events
                where ($1::text is null or tenant_id = $1) and ($2::text is null or topic = $2)
                  and ($3::text is null or key = $3) and ($4::text is null or status = $4)
                  and ($5::timestamptz is null or created_at >= $5) and ($6::timestamptz is null or created_at < $6)
                order by seq desc`,
                [tenantId, topic, key, status, since, until],
              );
              const filter = { tenantId, topic, key, status, since, until };
              const wanted = expected.map((row) => BigInt(row.seq));
              expect(await seqs(filter), JSON.stringify(filter)).toEqual(wanted);
              expect(await paged(filter, 3), JSON.stringify(filter)).toEqual(wanted);
            }
          }
        }
      }
    }
  });

  test("finds an event by its id and by its dedupe key, whatever its status, and in each tenant that has it", async () => {
    const id = randomUUID();
    const one = await enqueue({ tenant: "a", dedupe: "order-7", id });
    const other = await enqueue({ tenant: "b", dedupe: "order-7" });
    await enqueue({ tenant: "c" });
    await promoteAll();
    await bury(other);
    expect(await seqs({ eventId: id })).toEqual([one]);
    expect(await seqs({ eventId: id.toUpperCase() })).toEqual([one]);
    expect(await seqs({ eventId: id, tenantId: "b" })).toEqual([]);
    expect(await seqs({ dedupeKey: "order-7" })).toEqual([other, one]);
    expect(await seqs({ dedupeKey: "order-7", tenantId: "a" })).toEqual([one]);
    expect(await seqs({ dedupeKey: "order-7", status: "dead" })).toEqual([other]);
    expect(await seqs({ dedupeKey: "order-8" })).toEqual([]);
  });

  test("shows an event as pending whose transaction ended after the cursor had passed it", async () => {
    const late = new pg.Client({ connectionString: database.url });
    await late.connect();
    try {
      await late.query("begin");
      await late.query("select siding.enqueue('orders', '{}', 'a')");
      await enqueue({ tenant: "a" });
      await promoteAll();
      expect(await seqs({ status: "pending" })).toEqual([]);
      await late.query("commit");
    } finally {
      await late.end();
    }
    expect(await seqs({ status: "pending" })).toEqual([1n]);
    expect(await seqs({ status: "pending", tenantId: "a", topic: "orders" })).toEqual([1n]);
    expect(await seqs({ status: "pending", tenantId: "b" })).toEqual([]);
    expect(await seqs({ status: "published" })).toEqual([2n]);
  });

  test("shows a letter as dead once its batch is promoted, and as pending before", async () => {
    const seq = await enqueue({});
    await bury(seq, "Broker: too large", 1);
    expect(await seqs({ status: "dead" })).toEqual([]);
    expect(await seqs({ status: "pending" })).toEqual([seq]);
    await promoteAll();
    expect(await list({ status: "dead" })).toMatchObject([{ seq, attempts: 5, lastError: "Broker: too large" }]);
  });

  test("goes on where a page ended while events come in, without one twice", async () => {
    for (let n = 0; n < 6; n += 1) await enqueue({ tenant: `t${n}` });
    const first = await inspection.list({}, { below: null, limit: 4, roundsMax: 1 });
    await enqueue({});
    const second = await inspection.list({}, { below: first.nextBelow, limit: 4, roundsMax: 1 });
    expect([...first.events, ...second.events].map(({ seq }) => seq)).toEqual([6n, 5n, 4n, 3n, 2n, 1n]);
    expect(second.nextBelow).toBeNull();
  });

  test("whose filters leave little of very much ends its page, says so, and goes on", async () => {
    await enqueue({ topic: "rare", tenant: "a" });
    await database.query(
      `insert into siding.event (shard, bytes, event_id, tenant_id, dedupe_key, topic, payload)
      select siding.shard_of('a', 4::smallint), 1, gen_random_uuid(), 'a', n::text, 'orders', '{}' from generate_series(1, 25000) n`,
    );
    await enqueue({ topic: "rare", tenant: "b" });
    const page = await inspection.list({ tenantId: "a", topic: "rare" }, { below: null, limit: 5, roundsMax: 1 });
    expect(page.events).toEqual([]);
    expect(page.nextBelow).not.toBeNull();
    expect(await paged({ tenantId: "a", topic: "rare" }, 5)).toEqual([1n]);
    const patient = await inspection.list({ tenantId: "a", topic: "rare" }, { below: null, limit: 5, roundsMax: 10 });
    expect(patient).toMatchObject({ events: [{ seq: 1n }], nextBelow: null });
  });

  test.each([
    "'; drop table siding.event; --",
    "' or '1'='1",
    "$1",
    "a\nb",
    "a\\",
    "\u{1F980}\u202E",
    "x".repeat(300_000),
    "%",
  ])("takes a filter as a value, whatever it holds (%#)", async (text) => {
    await enqueue({ tenant: "a", key: "k", dedupe: "d" });
    for (const filter of [{ tenantId: text }, { topic: text }, { key: text }, { dedupeKey: text }]) {
      for (const status of [undefined, "pending", "published", "dead"] as const) {
        expect(await seqs({ ...filter, status })).toEqual([]);
        expect(await inspection.deadGroups(filter, 5)).toEqual({ groups: [], total: 0 });
      }
    }
    expect(await seqs({})).toEqual([1n]);
  });

  test("finds keys and dedupe keys with any character that one can have", async () => {
    const odd = "'; drop table siding.event; --\n\u0001\u{1F980}";
    const seq = await enqueue({ tenant: odd, key: odd.repeat(40), dedupe: odd });
    expect(await seqs({ tenantId: odd })).toEqual([seq]);
    expect(await seqs({ key: odd.repeat(40) })).toEqual([seq]);
    expect(await seqs({ dedupeKey: odd })).toEqual([seq]);
  });

  test("takes the longest key there may be", async () => {
    // Of random characters: what repeats itself would be compressed before it is measured.
    const key = Array.from({ length: 2048 }, () =>
      String.fromCodePoint(0x4e00 + Math.floor(Math.random() * 20_000)),
    ).join("");
    const seq = await enqueue({ key });
    expect(await seqs({ key })).toEqual([seq]);
  });

  test.each([
    ["a NUL", { tenantId: "a\0b" }],
    ["an empty tenant", { tenantId: "" }],
    ["an id that is none", { eventId: "1 or 1=1" }],
    ["a year that Postgres cannot read", { since: "+275760-09-13T00:00:00.000Z" }],
  ])("refuses %s as a mistake", async (_what, filter) => {
    await expect(list(filter)).rejects.toMatchObject({ code: "SIDING_USAGE" });
  });
});

describe("one event", () => {
  test("shows its payload with the numbers that were enqueued, and its headers", async () => {
    const id = randomUUID();
    await database.query(
      `select siding.enqueue('orders', '{"n": 12345678901234567890.10}', 'a', headers => '{"traceparent": "00-1"}', event_id => $1)`,
      [id],
    );
    const shown = await inspection.show({ eventId: id });
    expect(shown).toMatchObject({
      event: { eventId: id, tenantId: "a", status: "pending", contentType: "application/json", attempts: 0 },
      content: { headers: { traceparent: "00-1" }, payloadBytes: null, retryAt: null },
      isOnlyOne: true,
    });
    expect(shown!.content.payloadJson).toContain("12345678901234567890.10");
  });

  test("shows bytes as they are", async () => {
    const id = randomUUID();
    await database.query("select siding.enqueue_bytes('orders', '\\x00ff1b', 'application/avro', event_id => $1)", [
      id,
    ]);
    const { content, event } = (await inspection.show({ eventId: id }))!;
    expect(content.payloadBytes).toEqual(Buffer.from([0x00, 0xff, 0x1b]));
    expect([content.payloadJson, event.contentType]).toEqual([null, "application/avro"]);
  });

  test("whose id an application gave twice is the newest, or the tenant's that is named", async () => {
    const id = randomUUID();
    const a = await enqueue({ tenant: "a", dedupe: "1", id });
    const b = await enqueue({ tenant: "b", dedupe: "2", id });
    expect(await inspection.show({ eventId: id })).toMatchObject({ event: { seq: b }, isOnlyOne: false });
    expect(await inspection.show({ eventId: id, tenantId: "a" })).toMatchObject({ event: { seq: a }, isOnlyOne: true });
    expect(await inspection.show({ eventId: randomUUID() })).toBeNull();
  });
});

test("what waits in lanes is listed newest first among what is pending, page by page, with every filter", async () => {
  const waiting: { readonly seq: bigint; readonly topic: string; readonly key: string | null }[] = [];
  for (let n = 0; n < 60; n += 1) {
    const [tenant, topic, key] = [`t${n % 12}`, n % 5 === 0 ? "rare" : "orders", n % 7 === 0 ? "k" : null];
    waiting.push({ seq: await enqueue({ tenant, topic, key }), topic, key });
  }
  await hold("t", 12);
  await promoteAll();
  const above = await enqueue({ tenant: "t3" });
  const published = await enqueue({ tenant: "free" });
  await database.query(
    `update siding.shard set cursor = row($1, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor
    where shard = siding.shard_of('free', (select shards from siding.deployment))`,
    [String(published)],
  );
  const newest = (those: typeof waiting): bigint[] => those.map(({ seq }) => seq).sort((a, b) => (a > b ? -1 : 1));
  const pending = (await paged({ status: "pending" }, 7)).filter((seq) => seq !== above);
  expect(pending).toEqual(newest(waiting));
  expect(await paged({ status: "pending", topic: "rare" }, 2)).toEqual(
    newest(waiting.filter((e) => e.topic === "rare")),
  );
  const ofTenant = waiting.filter((_, n) => n % 12 === 4);
  expect(await paged({ status: "pending", tenantId: "t4" }, 2)).toEqual(newest(ofTenant));
  expect(await paged({ status: "pending", tenantId: "t4", topic: "rare" }, 1)).toEqual(
    newest(ofTenant.filter((e) => e.topic === "rare")),
  );
  expect(await paged({ status: "pending", key: "k" }, 3)).toEqual(newest(waiting.filter((e) => e.key === "k")));
  expect(await seqs({ status: "published" })).toEqual([published]);
});

test("what waits in a lane is listed too where its transaction ended after the lane's cursor had passed it", async () => {
  const late = new pg.Client({ connectionString: database.url });
  await late.connect();
  try {
    await late.query("begin");
    const { rows } = await late.query("select (siding.enqueue('orders', '{}', 't0')).seq");
    const seq = BigInt(rows[0].seq);
    const above = await enqueue({ tenant: "t0" });
    await hold("t", 1);
    await database.query(
      "update siding.lane set cursor = row($1, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor",
      [String(above)],
    );
    await late.query("commit");
    await promoteAll();
    expect(await seqs({ status: "pending" })).toEqual([seq]);
    expect(await seqs({ status: "pending", tenantId: "t0", topic: "orders" })).toEqual([seq]);
    expect(await seqs({ status: "pending", topic: "bills" })).toEqual([]);
    expect(await seqs({ status: "published" })).toEqual([above]);
  } finally {
    await late.end();
  }
});

test("a session that is bound to a tenant finds its own events by key, however many others have the key", async () => {
  const own = [await enqueue({ tenant: "mine", key: "k" })];
  await enqueue({ tenant: "mine", key: "other" });
  await enqueue({ tenant: "yours", key: "k" });
  own.unshift(await enqueue({ tenant: "mine", key: "k", topic: "rare" }));
  const bound = new EventInspection(new InspectionSession(client, "test", ["mine"]));
  const found = async (filter: EventFilter): Promise<bigint[]> =>
    (await bound.list({ tenantId: "mine", ...filter }, { below: null, limit: 10, roundsMax: 1 })).events.map(
      ({ seq }) => seq,
    );
  expect(await found({ key: "k" })).toEqual(own);
  expect(await found({ key: "k", topic: "rare" })).toEqual([own[0]]);
  expect(await found({ key: "k", status: "published" })).toEqual([]);
  expect(await found({ key: "nowhere" })).toEqual([]);
  expect(await found({ key: "k", tenantId: "yours" })).toEqual([]);
  await database.query(
    "select count(siding.enqueue('orders', '{}', 'yours', key => 'k')) from generate_series(1, 4001)",
  );
  expect(await found({ key: "k" })).toEqual(own);
});

test("a dedupe key is found without its tenant, in every tenant that has it", async () => {
  const [a, b] = [await enqueue({ tenant: "a", dedupe: "d" }), await enqueue({ tenant: "b", dedupe: "d" })];
  await enqueue({ tenant: "a", dedupe: "e" });
  expect(await seqs({ dedupeKey: "d" })).toEqual([b, a]);
  expect(await seqs({ dedupeKey: "d", tenantId: "a" })).toEqual([a]);
});

test("an event that a lane holds says why, and no other does", async () => {
  const held = await enqueue({ tenant: "a" });
  const free = await enqueue({ tenant: "b" });
  await database.query(
    `insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, probes, cursor)
    select shard, 0, gen_random_uuid(), 'a', 'paused', 'by hand', 0, cursor
    from siding.shard where shard = siding.shard_of('a', 4::smallint)`,
  );
  expect((await list({})).map(({ seq, status, laneReason }) => ({ seq, status, laneReason }))).toEqual([
    { seq: free, status: "pending", laneReason: null },
    { seq: held, status: "pending", laneReason: "paused" },
  ]);
});

describe("dead letters", () => {
  test("are grouped by cause, the largest first, with tenants, topics and the newest error", async () => {
    for (const [tenant, topic, error] of [
      ["a", "orders", "too large"],
      ["b", "orders", "TOO LARGE"],
      ["b", "bills", "invalid"],
    ] as const) {
      await bury(await enqueue({ tenant, topic }), error);
    }
    const tried = await enqueue({ tenant: "c" });
    await database.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at)
      select shard, seq, 1, 'too large', 'too large', clock_timestamp() from siding.event where seq = $1`,
      [String(tried)],
    );
    const { groups, total } = await inspection.deadGroups({}, 50);
    expect(total).toBe(2);
    expect(groups).toMatchObject([
      { fingerprint: "too large", events: 2n, tenants: ["a", "b"], topics: ["orders"], sampleError: "TOO LARGE" },
      { fingerprint: "invalid", events: 1n, tenants: ["b"], tenantsTotal: 1, topics: ["bills"] },
    ]);
    expect((await inspection.deadGroups({}, 1)).groups).toHaveLength(1);
    expect((await inspection.deadGroups({ tenantId: "a" }, 50)).groups).toMatchObject([{ events: 1n }]);
  });
});

test("since when finds what lies below the first event of another tenant's shard", async () => {
  const first = await enqueue({ tenant: "a" });
  const shards = await database.query(
    "select siding.shard_of(t, 4::smallint) as shard, t from unnest(array['b', 'c', 'd', 'e']) t",
  );
  const [{ shard: own }] = (await database.query("select shard from siding.event")) as [{ shard: number }];
  const other = shards.find(({ shard }) => shard !== own)!.t as string;
  const second = await enqueue({ tenant: other });
  expect((await list({ since: "2026-01-01T00:00:00Z" })).map(({ seq }) => seq)).toEqual([second, first]);
});

test("what takes longer than it may is told as that", async () => {
  await client.query("set statement_timeout = 200");
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  try {
    await holder.query("begin; lock table siding.failure in access exclusive mode");
    await expect(inspection.list({}, { below: null, limit: 5, roundsMax: 1 })).rejects.toMatchObject({
      code: "SIDING_QUERY_TOO_WIDE",
      message: expect.stringContaining("needs longer"),
    });
  } finally {
    await holder.end();
  }
});
