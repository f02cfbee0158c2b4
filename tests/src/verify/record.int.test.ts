import type { Cursor } from "@siding/core/cursor/cursor.js";
import type { Lease } from "@siding/core/ports/store.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

const RELAY = "00000000-0000-4000-8000-000000000001";

describe("the record of what was published", () => {
  let database: TestDatabase;
  let store: PostgresStore;
  let lease: Lease;
  let cursor: Cursor;
  beforeEach(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    store = new PostgresStore(new Connections(database.url, 2));
    ({ lease, cursor } = (await store.claim(0, RELAY, 60_000))!);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  const plan = (batch: bigint, events: number, checksum = BigInt(events), topic = "t") => ({
    batch,
    cursor: { ...cursor, position: batch, nextXid: null },
    dead: [],
    published: [{ topic, events, checksum }],
    lines: null,
    job: null,
  });
  const sums = () =>
    database.query(
      `select topic, sum(events)::int as events, mod(sum(checksum), 2::numeric ^ 64)::text as checksum
      from siding.published_sum group by topic order by topic`,
    );
  const isWhole = async (): Promise<boolean> =>
    (await database.query("select bool_and(is_whole) as whole from siding.published_span"))[0]!.whole;

  test("is made by the plan's promotion, by whichever statement that is, and once", async () => {
    await store.prepare(lease, plan(1n, 10));
    expect(await sums()).toEqual([]);
    await store.prepare(lease, plan(2n, 5));
    expect(await sums()).toEqual([{ topic: "t", events: 10, checksum: "10" }]);
    await store.promote(lease, 2n);
    await store.promote(lease, 2n);
    await store.prepare(lease, plan(3n, 1, 7n, "other"));
    expect(await sums()).toEqual([{ topic: "t", events: 15, checksum: "15" }]);
    // Whoever takes the shard over finds the tally with the plan.
    await store.release(lease);
    lease = (await store.claim(0, RELAY, 60_000))!.lease;
    await store.promote(lease, 3n);
    expect(await sums()).toEqual([
      { topic: "other", events: 1, checksum: "7" },
      { topic: "t", events: 15, checksum: "15" },
    ]);
    expect(await isWhole()).toBe(true);
  });

  test("knows nothing of a plan that was discarded, or of one whose epoch had passed", async () => {
    await store.prepare(lease, plan(1n, 10));
    await store.discard(lease, 1n);
    await store.prepare(lease, plan(2n, 5));
    const zombie = lease;
    lease = (await store.claim(0, RELAY, 60_000))!.lease;
    expect(await store.prepare(zombie, plan(3n, 100))).toBeNull();
    expect(await store.promote(zombie, 2n)).toBe(false);
    expect(await sums()).toEqual([]);
    await store.promote(lease, 2n);
    expect(await sums()).toMatchObject([{ events: 5 }]);
    expect(await isWhole()).toBe(true);
  });

  test("sums checksums modulo 2^64", async () => {
    const largest = 2n ** 64n - 1n;
    await store.prepare(lease, plan(1n, 1, largest));
    await store.prepare(lease, plan(2n, 1, 3n));
    await store.promote(lease, 2n);
    expect(await database.query("select events::int, checksum::text from siding.published_sum")).toEqual(
      // Both in one minute, or the clock struck in between.
      (await database.query("select from siding.published_span")).length === 1
        ? [{ events: 2, checksum: "2" }]
        : [
            { events: 1, checksum: String(largest) },
            { events: 1, checksum: "3" },
          ],
    );
  });

  test("shows a gap where a plan without a tally was promoted, as a relay of the release before lays them down", async () => {
    await store.prepare(lease, plan(1n, 10));
    await store.promote(lease, 1n);
    await store.prepare(lease, plan(2n, 20));
    // That release's prepare leaves the tally of an earlier plan as it stands.
    await database.query("update siding.shard set planned_tally.batch = 1 where shard = 0");
    await store.promote(lease, 2n);
    expect(await sums()).toMatchObject([{ events: 10 }]);
    await store.prepare(lease, plan(3n, 5));
    await store.promote(lease, 3n);
    expect(await sums()).toMatchObject([{ events: 15 }]);
    const spans = await database.query(
      "select is_whole, since::text, upto::text from siding.published_span order by minute",
    );
    const isLinked = spans.every((span, n) => span.is_whole && (n === 0 || spans[n - 1]!.upto === span.since));
    expect(isLinked).toBe(false);
  });

  test("with at-least-once is made as the cursor moves", async () => {
    const { batch: _, ...moved } = plan(1n, 10);
    await store.advance(lease, moved);
    await store.advance(lease, { ...moved, cursor: { ...moved.cursor, position: 2n } });
    expect(await sums()).toEqual([{ topic: "t", events: 20, checksum: "20" }]);
    expect(await isWhole()).toBe(true);
  });
});
