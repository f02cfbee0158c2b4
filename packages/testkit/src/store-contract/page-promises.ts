import { type Cursor, withNextXid } from "@siding/core/cursor/cursor.js";
import { advance, type Page, rowsOf, type Skim } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Lease } from "@siding/core/ports/store.js";
import { expect, test } from "vitest";
import { NOTHING_ELSE } from "./nothing-else.js";
import { claimed, enqueue, type StoreUnderTest } from "./store-under-test.js";

const ONE_LOOK = { everyMs: 10, forMs: 0 };
const ALL = { events: 1_000, bytes: 1_000_000_000 };

/** Reads shard 0 as a relay does: page, plan, next page from the cursor that was stored. */
class Reader {
  readonly seen: bigint[] = [];
  readonly forms: string[] = [];
  readonly #outbox: StoreUnderTest;
  readonly #lease: Lease;
  cursor: Cursor;
  #batch: bigint;

  private constructor(outbox: StoreUnderTest, lease: Lease, cursor: Cursor, batch: bigint) {
    this.#outbox = outbox;
    this.#lease = lease;
    this.cursor = cursor;
    this.#batch = batch;
  }

  static async open(outbox: StoreUnderTest): Promise<Reader> {
    const { lease, cursor, lastBatch } = await claimed(outbox);
    return new Reader(outbox, lease, cursor, lastBatch);
  }

  page(limits = ALL, skim?: Skim): Promise<Page<OutboxEvent>> {
    return this.#outbox.store.readPage(0, this.cursor, limits, skim);
  }

  /** Takes one page; false where there was nothing. */
  async step(limits = ALL): Promise<boolean> {
    const page = await this.page(limits);
    const rows = rowsOf(page);
    const next = advance(this.cursor, page, rows.length);
    this.#batch += 1n;
    const prepared = await this.#outbox.store.prepare(this.#lease, {
      batch: this.#batch,
      cursor: next,
      ...NOTHING_ELSE,
    });
    this.cursor = withNextXid(next, prepared!.nextXid);
    this.seen.push(...rows.map((row) => row.seq));
    this.forms.push(this.cursor.form);
    return rows.length > 0 || next.form === "window" || this.cursor.form !== this.forms.at(-2);
  }

  async drain(limits = ALL): Promise<void> {
    while (await this.step(limits));
  }

  async isDue(): Promise<boolean> {
    return (
      await this.#outbox.store.due([{ shard: 0, cursor: this.cursor, isForJobs: false }], ONE_LOOK)
    ).shards.includes(0);
  }
}

export function pagePromises(opened: () => StoreUnderTest): void {
  async function enqueueMany(count: number, shard = 0): Promise<bigint[]> {
    const seqs: bigint[] = [];
    for (let i = 0; i < count; i++) seqs.push(await enqueue(opened(), { shard }));
    return seqs;
  }

  test("a page holds what is committed behind the cursor, in seq order, of its shard alone", async () => {
    const seqs = await enqueueMany(3);
    await enqueueMany(2, 1);
    const rolledBack = await opened().begin();
    await rolledBack.enqueue({ shard: 0 });
    await rolledBack.rollback();
    const reader = await Reader.open(opened());
    const page = await reader.page();
    expect(page).toMatchObject({ late: [], lateComplete: true });
    expect(page.fresh.map((row) => row.seq)).toEqual(seqs);
  });

  test("an event comes back as it was enqueued", async () => {
    const headers = { traceparent: "00-ab-cd-01" };
    await enqueue(opened(), { shard: 0, payload: '{"a": "ü"}', key: "k", headers });
    const reader = await Reader.open(opened());
    const [event] = (await reader.page()).fresh;
    expect(event).toMatchObject({ key: "k", headers, attempts: 0 });
    expect(JSON.parse(String(event!.payload))).toEqual({ a: "ü" });
    expect(event!.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(event!.bytes).toBeGreaterThan(10);
    await enqueue(opened(), { shard: 0 });
    expect((await reader.page()).fresh[1]).toMatchObject({ key: null, headers: null });
  });

  test("a page ends at its limit of events", async () => {
    const seqs = await enqueueMany(5);
    const reader = await Reader.open(opened());
    expect((await reader.page({ ...ALL, events: 2 })).fresh.map((row) => row.seq)).toEqual(seqs.slice(0, 2));
    await reader.drain({ ...ALL, events: 2 });
    expect(reader.seen).toEqual(seqs);
  });

  test("a page ends after the event with which it reaches its bytes, and holds one at least", async () => {
    const seqs = await enqueueMany(4);
    const reader = await Reader.open(opened());
    const [{ bytes }] = (await reader.page()).fresh as [OutboxEvent];
    const seqsWithin = async (limit: number) =>
      (await reader.page({ ...ALL, bytes: limit })).fresh.map((row) => row.seq);
    expect(await seqsWithin(1)).toEqual(seqs.slice(0, 1));
    expect(await seqsWithin(bytes)).toEqual(seqs.slice(0, 1));
    expect(await seqsWithin(bytes + 1)).toEqual(seqs.slice(0, 2));
  });

  test("a row whose transaction ended after the cursor had passed is read once, as late", async () => {
    const reader = await Reader.open(opened());
    const slow = await opened().begin();
    const late = await slow.enqueue({ shard: 0 });
    const [fresh] = await enqueueMany(1);
    await reader.step();
    expect(reader.seen).toEqual([fresh]);
    await slow.commit();
    const page = await reader.page();
    expect([page.late.map((row) => row.seq), page.fresh]).toEqual([[late], []]);
    await reader.drain();
    expect(reader.seen).toEqual([fresh, late]);
  });

  test("a transaction above the snapshot's xmax, which no list names, loses nothing", async () => {
    const reader = await Reader.open(opened());
    const first = await opened().begin();
    const before = await first.enqueue({ shard: 0 });
    const above = await opened().begin();
    const late = await above.enqueue({ shard: 0 });
    const after = await first.enqueue({ shard: 0 });
    await first.commit();
    await reader.step();
    expect(reader.seen).toEqual([before, after]);
    await above.commit();
    await reader.drain();
    expect(reader.seen).toEqual([before, after, late]);
  });

  test("late rows that fill pages alone are paged in window form, and fresh ones wait until they are through", async () => {
    const reader = await Reader.open(opened());
    const slow = await opened().begin();
    const late: bigint[] = [];
    for (let i = 0; i < 7; i++) late.push(await slow.enqueue({ shard: 0 }));
    const passed = await enqueueMany(2);
    await reader.drain();
    await slow.commit();
    const limits = { ...ALL, events: 3 };
    await reader.step(limits);
    expect(reader.cursor.form).toBe("window");
    const fresh = await enqueueMany(2);
    const slower = await opened().begin();
    const latest = await slower.enqueue({ shard: 0 });
    const last = await enqueueMany(1);
    await reader.drain(limits);
    await slower.commit();
    await reader.drain(limits);
    expect(reader.seen).toEqual([...passed, ...late, ...fresh, ...last, latest]);
    expect(reader.cursor.form).toBe("plain");
  });

  test("late rows are cut by bytes as well, and none is left behind", async () => {
    const reader = await Reader.open(opened());
    const slow = await opened().begin();
    const late: bigint[] = [];
    for (let i = 0; i < 5; i++) late.push(await slow.enqueue({ shard: 0 }));
    const passed = await enqueueMany(1);
    await reader.drain();
    await slow.commit();
    await reader.drain({ events: 3, bytes: 1 });
    expect(reader.seen).toEqual([...passed, ...late]);
  });

  /** The first tenant of shard 0, with one event. */
  async function skimmedTenant(reader: Reader): Promise<ReadonlySet<string>> {
    await enqueueMany(1);
    return new Set((await reader.page()).fresh.map((row) => row.tenantId));
  }

  test("a page leaves out the tenants it is told to, says how far it has looked, and finds the others between", async () => {
    const reader = await Reader.open(opened());
    const tenants = await skimmedTenant(reader);
    const other = await enqueue(opened(), { shard: 0, tenant: 1 });
    const [last] = await enqueueMany(1);
    const all = await reader.page(ALL, { tenants, look: 100 });
    expect(all.fresh.map((row) => row.seq)).toEqual([other]);
    expect(all.skimmed).toEqual({ tenants, through: last, isToEnd: true });
    expect(advance(reader.cursor, all, 1)).toMatchObject({ form: "plain", position: last });
    const short = await reader.page(ALL, { tenants, look: 2 });
    expect(short.skimmed).toEqual({ tenants, through: other, isToEnd: false });
    const nothing = await reader.page(ALL, { tenants, look: 1 });
    expect(nothing.fresh).toEqual([]);
    expect(advance(reader.cursor, nothing, 0)).toMatchObject({ position: last! - 2n });
  });

  test("a page that leaves tenants out and is cut at its limits ends with its last row", async () => {
    const reader = await Reader.open(opened());
    const tenants = await skimmedTenant(reader);
    const others: bigint[] = [];
    for (let i = 0; i < 3; i++) others.push(await enqueue(opened(), { shard: 0, tenant: 1 }));
    for (const limits of [
      { ...ALL, events: 2 },
      { ...ALL, bytes: 1 },
    ]) {
      const page = await reader.page(limits, { tenants, look: 100 });
      const seqs = page.fresh.map((row) => row.seq);
      expect(seqs).toEqual(others.slice(0, limits.bytes === 1 ? 1 : 2));
      expect(page.skimmed).toEqual({ tenants, through: null, isToEnd: false });
      expect(advance(reader.cursor, page, seqs.length)).toMatchObject({ position: seqs.at(-1) });
    }
  });

  test("late rows are never left out, and where nothing is left a page has looked through nothing", async () => {
    const reader = await Reader.open(opened());
    const tenants = await skimmedTenant(reader);
    const slow = await opened().begin();
    const late = await slow.enqueue({ shard: 0 });
    await enqueueMany(1);
    await reader.drain();
    await slow.commit();
    const page = await reader.page(ALL, { tenants, look: 100 });
    expect(page.late.map((row) => row.seq)).toEqual([late]);
    expect(page.skimmed).toEqual({ tenants, through: null, isToEnd: true });
  });

  test("a shard is due for fresh rows and for late ones, and for nothing else", async () => {
    const reader = await Reader.open(opened());
    await enqueueMany(1, 1);
    expect(await reader.isDue()).toBe(false);
    const slow = await opened().begin();
    await slow.enqueue({ shard: 0 });
    const aborted = await opened().begin();
    await aborted.enqueue({ shard: 0 });
    expect(await reader.isDue()).toBe(false);
    await enqueueMany(1);
    expect(await reader.isDue()).toBe(true);
    await reader.drain();
    expect(await reader.isDue()).toBe(false);
    await aborted.rollback();
    expect(await reader.isDue()).toBe(false);
    await slow.commit();
    expect(await reader.isDue()).toBe(true);
    await reader.drain();
    expect(await reader.isDue()).toBe(false);
  });

  test("whoever waits is told as soon as something is behind a cursor, and in the end that nothing is", async () => {
    const { store } = opened();
    const [idle, late] = await Promise.all([0, 1].map((shard) => claimed(opened(), shard)));
    const lines = [idle!, late!].map(({ lease, cursor }) => ({ shard: lease.shard, cursor, isForJobs: false }));
    const nothing = await store.due(lines, { everyMs: 10, forMs: 30.5 });
    expect(nothing.shards).toEqual([]);
    const slow = await opened().begin();
    await slow.enqueue({ shard: 1 });
    const waiting = store.due(lines, { everyMs: 10, forMs: 20_000 });
    await enqueue(opened(), { shard: 0 });
    const first = await waiting;
    expect(first.shards).toEqual([0]);
    // From where it was looked last: what was under way then and has ended since is found.
    const rest = [{ ...lines[1]!, cursor: { ...late!.cursor, snapshot: first.snapshot, nextXid: null } as Cursor }];
    const again = store.due(rest, { everyMs: 10, forMs: 20_000 });
    await slow.commit();
    expect((await again).shards).toEqual([1]);
  });

  test("an open job ends the wait of a line that waits for jobs, and of no other", async () => {
    const { store } = opened();
    await enqueue(opened(), { shard: 0 });
    const reader = await Reader.open(opened());
    await reader.drain();
    await opened().makeJob("replay");
    const line = { shard: 0, cursor: reader.cursor };
    const patience = { everyMs: 10, forMs: 20_000 };
    expect(await store.due([{ ...line, isForJobs: true }], patience)).toMatchObject({ shards: [], withJobs: [0] });
    const other = await store.due([{ ...line, isForJobs: false }], { ...patience, forMs: 30 });
    expect(other.shards).toEqual([]);
  });

  test("a look at several shards names those that are due", async () => {
    const { store } = opened();
    await enqueueMany(1, 1);
    const lines = await Promise.all([0, 1].map((shard) => claimed(opened(), shard)));
    const looked = await store.due(
      lines.map(({ lease, cursor }) => ({ shard: lease.shard, cursor, isForJobs: false })),
      ONE_LOOK,
    );
    expect(looked.shards).toEqual([1]);
    expect(looked.snapshot.xmax).toBeGreaterThan(0n);
  });
}
