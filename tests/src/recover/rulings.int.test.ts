import { advance, rowsOf } from "@siding/core/cursor/page.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { withJobDesk } from "@siding/store-postgres/job-desk.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { RecoveryStore } from "@siding/store-postgres/recovery-store.js";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

const NOTHING = { published: [], lines: null };
let database: TestDatabase;
let store: PostgresStore;
beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
  await migrate({ databaseUrl: database.url, shards: 1 });
  store = new PostgresStore(new Connections(database.url, 1));
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

test.each([
  ["stands", 2n, [{ seq: "2", discarded: true }], [{ seq: "1", batch: "2", counted: null }]],
  [
    "does not",
    1n,
    [
      { seq: "1", discarded: false },
      { seq: "2", discarded: false },
    ],
    [],
  ],
])(
  "what an open plan rules on dead letters goes with the verdict on it: it %s",
  async (_how, standsTo, dead, redriven) => {
    await database.query("select siding.enqueue('t', '1', 'acme') from generate_series(1, 2)");
    const { lease, cursor } = (await store.claim(0, "00000000-0000-0000-0000-000000000001", 60_000))!;
    const page = await store.readPage(0, cursor, { events: 9, bytes: 9_999 });
    const seqs = rowsOf(page).map(({ seq }) => seq);
    const failures = seqs.map((seq) => ({ seq, attempts: 5, lastError: "x", fingerprint: "x", retryInMs: 0 }));
    const after = advance(cursor, page, seqs.length);
    await store.prepare(lease, { batch: 1n, cursor: after, dead: failures, job: null, ...NOTHING });
    await store.promote(lease, 1n);
    const author = { actor: "test", role: "database" as const, reason: "test" };
    await withJobDesk(database.url, (desk) =>
      desk.create({ kind: "redrive", filter: {}, eventsPerSecond: null, author }),
    );
    const [job] = await store.readJobs(0);
    const step = { ...job!, position: seqs[1]!, isEnd: true, redriven: [seqs[0]!], discarded: [seqs[1]!] };
    await store.prepare(lease, { batch: 2n, cursor: after, dead: [], job: step, ...NOTHING });

    const recovery = await RecoveryStore.open(database.url);
    await recovery.begin();
    const decision = {
      shard: 0,
      epoch: lease.epoch,
      batch: 3n,
      standsTo,
      cursor: after,
      isRebased: false,
      isNumbered: true,
    };
    await recovery.decide(decision);
    await recovery.end("commit");
    await recovery.close();
    expect(
      await database.query(
        "select seq::text, discarded_by is not null as discarded from siding.failure where dead_batch is not null order by 1",
      ),
    ).toEqual(dead);
    expect(await database.query("select seq::text, batch::text, counted from siding.redriven")).toEqual(redriven);
  },
);

test("a dead letter that was redriven since a time is in question from it on, however old it is", async () => {
  await database.query("select siding.enqueue('t', '1', 'acme') from generate_series(1, 2)");
  const { cursor } = (await store.claim(0, "00000000-0000-0000-0000-000000000001", 60_000))!;
  const page = await store.readPage(0, cursor, { events: 9, bytes: 9_999 });
  const { lease } = (await store.claim(0, "00000000-0000-0000-0000-000000000001", 60_000))!;
  await store.prepare(lease, { batch: 1n, cursor: advance(cursor, page, 2), dead: [], job: null, ...NOTHING });
  await store.promote(lease, 1n);
  await database.query("update siding.event set created_at = created_at - interval '1 day'");
  await database.query("insert into siding.redriven (shard, seq, batch, asked_at, at) values (0, 1, 1, now(), now())");
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const recovery = await RecoveryStore.open(database.url);
  await recovery.begin();
  await recovery.collect(0, "promoted", since);
  const topics = await recovery.topics();
  const settled = await recovery.settle(0, { since, until: null, earlierHolds: true });
  await recovery.end("rollback");
  await recovery.close();
  expect(settled).toMatchObject({ events: 1, owed: 1, firstOwed: 1n });
  expect(topics.get("t")).toBeGreaterThan(Date.parse(since));
});
