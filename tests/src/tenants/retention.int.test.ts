import { Connections } from "@siding/store-postgres/connection.js";
import type { EventFilter } from "@siding/store-postgres/event-filter.js";
import { withJobDesk } from "@siding/store-postgres/job-desk.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { PostgresRetention } from "@siding/store-postgres/postgres-retention.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

const RETENTION_MS = 60_000;

describe("retention", () => {
  let database: TestDatabase;
  let connections: Connections;
  let store: PostgresStore;
  let retention: PostgresRetention;
  let lease: { shard: number; epoch: bigint };
  beforeEach(async () => {
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 1 });
    connections = new Connections(database.url, 1);
    retention = new PostgresRetention(connections);
    store = new PostgresStore(new Connections(database.url, 2));
    lease = (await store.claim(0, "00000000-0000-0000-0000-000000000001", 60_000))!.lease;
  });
  afterEach(async () => {
    await connections.close();
    await store.close();
    await database.drop();
  });

  const enqueue = (count: number, tenantId = "acme") =>
    database.query("select count(siding.enqueue('t', '1', $2)) from generate_series(1, $1::int)", [count, tenantId]);
  /** The main line has consumed all that there is. */
  const publishAll = () =>
    database.query(
      `update siding.shard set promoted_batch = last_batch, cursor = row(
         (select max(seq) from siding.event), pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`,
    );
  const age = (ms: number) => database.query("update siding.trim_point set at = at - $1 * interval '1 ms'", [ms]);
  const left = async () =>
    (await database.query("select tenant_id, count(*)::int as n from siding.event group by 1 order by 1")).map(
      (row) => `${row.tenant_id} ${row.n}`,
    );
  async function trimAll(rowsMax = 100): Promise<number> {
    expect(await retention.raiseFloor(lease, RETENTION_MS)).toBe(true);
    let deleted = 0;
    let behind: bigint | null = 0n;
    while (behind !== null) {
      const step = await retention.trim(lease, { retentionMs: RETENTION_MS, behind, rowsMax });
      deleted += step!.deleted;
      behind = step!.next;
    }
    return deleted;
  }

  test("keeps what was published less long ago, and deletes it after that, in steps", async () => {
    await enqueue(250);
    await publishAll();
    expect(await trimAll()).toBe(0);
    await age(RETENTION_MS - 10_000);
    expect(await trimAll()).toBe(0);
    await age(20_000);
    expect(await trimAll()).toBe(250);
    expect(await left()).toEqual([]);
  });

  const author = { actor: "test", role: "database" as const, reason: "test" };
  const replay = async (filter: EventFilter) => {
    const request = { kind: "replay", filter, eventsPerSecond: null, author } as const;
    return (await withJobDesk(database.url, (desk) => desk.create(request))).jobId!;
  };

  test("keeps what an open job may still read, until the job is cancelled", async () => {
    await enqueue(10);
    await publishAll();
    expect(await trimAll()).toBe(0);
    const jobId = await replay({ tenantId: "acme" });
    await age(RETENTION_MS * 2);
    expect(await trimAll()).toBe(0);
    await withJobDesk(database.url, (desk) => desk.cancel(jobId, author));
    expect(await trimAll()).toBe(10);
  });

  test("an open job keeps what it asks for, and nothing of others", async () => {
    await enqueue(3, "before");
    const [{ id } = {}] = await database.query("select min(event_id::text) as id from siding.event");
    const [{ since } = {}] = await database.query("select clock_timestamp()::text as since");
    await enqueue(10);
    await enqueue(10, "other");
    await publishAll();
    await trimAll();
    await replay({ tenantId: "acme" });
    const ids = { kind: "replay", filter: { eventIds: [String(id)] }, eventsPerSecond: null, author } as const;
    await withJobDesk(database.url, (desk) => desk.create(ids));
    await age(RETENTION_MS * 2);
    expect(await trimAll()).toBe(12);
    expect(await left()).toEqual(["acme 10", "before 1"]);
    await withJobDesk(database.url, async (desk) => {
      for (const { jobId } of await desk.list({ isRunning: true, limit: 10 })) await desk.cancel(jobId, author);
    });
    await replay({ since: new Date(String(since)).toISOString() });
    expect(await trimAll()).toBe(1);
    expect(await left()).toEqual(["acme 10"]);
  });

  test("what an open job is through with goes", async () => {
    await enqueue(10);
    await publishAll();
    await trimAll();
    const jobId = await replay({ tenantId: "acme" });
    await age(RETENTION_MS * 2);
    const step = { job_id: jobId, position: "4", replayed: 4, redriven: 0, discarded: 0, waiting: 0, failed: 0 };
    const rest = { last_error: null, is_end: false, redriven_seqs: [], discarded_seqs: [] };
    await database.query("select siding.lay_job(0::smallint, promoted_batch, $1) from siding.shard", [
      JSON.stringify({ ...step, ...rest }),
    ]);
    expect(await trimAll()).toBe(4);
  });

  test("forgets jobs that ended long enough ago, whole, and those alone", async () => {
    await enqueue(10);
    await publishAll();
    const [open, fresh, old, unsettled] = [
      await replay({ tenantId: "acme" }),
      await replay({ tenantId: "acme" }),
      await replay({ tenantId: "acme" }),
      await replay({ tenantId: "acme" }),
    ];
    const ended = "update siding.job_shard set ended_at = now() - $2 * interval '1 ms' where job_id = $1";
    await database.query(ended, [fresh, RETENTION_MS - 10_000]);
    for (const jobId of [old, unsettled]) await database.query(ended, [jobId, RETENTION_MS + 10_000]);
    const lay = "select siding.lay_job(0::smallint, promoted_batch + $2::int, $1) from siding.shard";
    for (const [jobId, batchesOn] of [
      [old, 0],
      [unsettled, 1],
    ] as const) {
      const counts = { replayed: 0, redriven: 0, discarded: 0, waiting: 0, failed: 0 };
      const step = { job_id: jobId, position: "1", ...counts, is_end: true, redriven_seqs: [], discarded_seqs: [] };
      await database.query(lay, [JSON.stringify(step), batchesOn]);
    }
    await retention.forgetJobs({ ...lease, epoch: lease.epoch - 1n }, RETENTION_MS);
    await retention.forgetJobs(lease, RETENTION_MS);
    const left = (await database.query("select job_id from siding.job")).map((row) => row.job_id);
    expect(left.sort()).toEqual([open, fresh, unsettled].sort());
    expect(await database.query("select job_id from siding.job_progress")).toEqual([{ job_id: unsettled }]);
  });

  test("counts from the publication: an old event that was pending for long is kept as long", async () => {
    await enqueue(5);
    expect(await trimAll()).toBe(0);
    await age(RETENTION_MS * 2);
    await publishAll();
    expect(await trimAll()).toBe(0);
    await age(RETENTION_MS * 2);
    expect(await trimAll()).toBe(5);
  });

  test("never deletes a pending event, a dead letter, or one that a recovery set back", async () => {
    await enqueue(3);
    await publishAll();
    await database.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
       select 0, min(seq), 5, 'too large', 'x', now(), 0, now() from siding.event`,
    );
    await trimAll();
    await enqueue(2, "pending");
    await age(RETENTION_MS * 2);
    const [before] = await database.query("select cursor::text as cursor from siding.shard");
    await database.query(
      "update siding.shard set cursor = row(0, pg_current_snapshot(), pg_current_xact_id(), null, null, null)",
    );
    expect(await trimAll()).toBe(0);
    await database.query("update siding.shard set cursor = $1::text::siding.cursor", [before!.cursor]);
    expect(await trimAll()).toBe(2);
    expect(await left()).toEqual(["acme 1", "pending 2"]);
  });

  test("keeps a dead letter that was redriven for as long as if it had only just been published", async () => {
    await enqueue(3);
    await publishAll();
    await trimAll();
    await database.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
       select 0, min(seq), 5, 'too large', 'x', now(), promoted_batch, now() from siding.event, siding.shard group by promoted_batch`,
    );
    await age(RETENTION_MS * 2);
    expect(await trimAll()).toBe(2);
    const request = { kind: "redrive", filter: {}, eventsPerSecond: null, author } as const;
    const { jobId } = await withJobDesk(database.url, (desk) => desk.create(request));
    const [{ seq } = {}] = await database.query("select seq::text from siding.event");
    const step = { job_id: jobId, position: seq, replayed: 0, redriven: 1, discarded: 0, waiting: 0, failed: 0 };
    const rest = { last_error: null, is_end: true, redriven_seqs: [seq], discarded_seqs: [] };
    await database.query("select siding.lay_job(0::smallint, promoted_batch, $1) from siding.shard", [
      JSON.stringify({ ...step, ...rest }),
    ]);
    await database.query("select siding.promote_lines(0::smallint, promoted_batch) from siding.shard");
    expect(await trimAll()).toBe(0);
    await database.query("update siding.redriven set at = at - $1 * interval '1 ms'", [RETENTION_MS - 10_000]);
    expect(await trimAll()).toBe(0);
    await database.query("update siding.redriven set at = at - interval '10 minutes'");
    expect(await trimAll()).toBe(1);
    expect(await database.query("select from siding.redriven")).toEqual([]);
  });

  test("keeps what a lane has not carried, and for as long after it has", async () => {
    await enqueue(4, "paused");
    await enqueue(4, "acme");
    const [start] = await database.query("select cursor::text as cursor from siding.shard");
    await publishAll();
    await database.query(
      `insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, probes, cursor)
       select 0, promoted_batch, gen_random_uuid(), 'paused', 'paused', 'by ada', 0, $1::text::siding.cursor from siding.shard`,
      [start!.cursor],
    );
    await trimAll();
    await age(RETENTION_MS * 2);
    expect(await trimAll()).toBe(4);
    expect(await left()).toEqual(["paused 4"]);
    // The lane catches up and is dropped: its events have just been published.
    await database.query("delete from siding.lane");
    expect(await trimAll()).toBe(0);
    await age(RETENTION_MS * 2);
    await trimAll();
    await age(RETENTION_MS * 2);
    await trimAll();
    expect(await left()).toEqual([]);
  });

  test("takes the record of what it deletes with it, before the rows", async () => {
    await enqueue(1);
    await publishAll();
    await database.query(
      `insert into siding.published_span (shard, minute, since, upto, is_whole)
       select 0, date_trunc('minute', clock_timestamp()), cursor, cursor, true from siding.shard`,
    );
    await trimAll();
    await age(RETENTION_MS * 2);
    await database.query("update siding.published_span set minute = minute - interval '10 minutes'");
    await retention.raiseFloor(lease, RETENTION_MS);
    expect(await database.query("select from siding.published_span")).toEqual([]);
    expect(await left()).toEqual(["acme 1"]);
  });

  test("a relay that lost the shard deletes nothing", async () => {
    await enqueue(3);
    await publishAll();
    await trimAll();
    await age(RETENTION_MS * 2);
    const lost = { ...lease, epoch: lease.epoch - 1n };
    expect(await retention.raiseFloor(lost, RETENTION_MS)).toBe(false);
    expect(await retention.trim(lost, { retentionMs: RETENTION_MS, behind: 0n, rowsMax: 100 })).toBeNull();
    expect(await left()).toEqual(["acme 3"]);
  });
});
