import { type Cursor, type PlainCursor, withNextXid } from "@siding/core/cursor/cursor.js";
import { rowsOf } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import { type Lane, type LaneFilter, ofOrder, ofTenant, ofTenantAndTopic, ofTopic } from "@siding/core/lane/lane.js";
import { nameOf } from "@siding/core/lane/lane-turns.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import { type Hold, planLines, STOP } from "@siding/core/lane/plan-lines.js";
import type { Lease, LinesChange } from "@siding/core/ports/store.js";
import { expect, test } from "vitest";
import { SeededRandom } from "../random.js";
import { NOTHING_ELSE } from "./nothing-else.js";
import { asLeft, claimed, enqueue, moved, type OpenTransaction, type StoreUnderTest } from "./store-under-test.js";

const ALL = { events: 1_000, bytes: 1_000_000_000 };
const A = ofTenant("a");
const B = ofTopic("b");
const states = (...used: [string, bigint][]) =>
  new Map(used.map(([tenant, ns]) => [tenant, { events: ns, bytes: 0n }]));

function change(changed: readonly Lane[], dropped: readonly LaneFilter[] = []): LinesChange {
  return { changed, dropped, quotas: null };
}

function laneAt(filter: LaneFilter, cursor: Cursor, more: Partial<Lane> = {}): Lane {
  return { filter, reason: "quota", detail: "too much", resumeAtMs: 1_000, probes: 0, cursor, ...more };
}

export function lanePromises(opened: () => StoreUnderTest): void {
  test("a plan's lanes stand once it is promoted, by the next plan or by itself, and replace those before them", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const lay = (batch: bigint, lines: LinesChange | null) =>
      store.prepare(lease, { batch, cursor, dead: [], published: [], lines, job: null });
    const key = ofOrder({ tenantId: "a", topic: "t", key: 'k"(),\\', seq: 1n, xid: 1n });
    const alone = ofOrder({ tenantId: "a", topic: "t", key: null, seq: 2n ** 60n, xid: 1n });
    const first = [A, B, key, alone].map((filter) => laneAt(filter, moved(cursor, 3n)));
    await lay(1n, change(first));
    expect((await store.readLines(0)).lanes).toEqual([]);
    await lay(2n, null);
    expect(byName((await store.readLines(0)).lanes)).toEqual(byName(first));
    const later = laneAt(A, moved(cursor, 5n), { reason: "paused", detail: "by ü", resumeAtMs: null, probes: 2 });
    await lay(3n, change([later], [B]));
    expect(byName((await store.readLines(0)).lanes)).toEqual(byName(first));
    await store.promote(lease, 3n);
    expect(byName((await store.readLines(0)).lanes)).toEqual(byName([later, first[2]!, first[3]!]));
    expect((await store.readLines(1)).lanes).toEqual([]);
  });

  test("a discarded plan leaves lanes and quotas as they were", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const quotas = (used: bigint) => ({ states: states(["a", used]), judgedNs: used, isWhole: false });
    const lines = { ...change([laneAt(A, cursor)]), quotas: quotas(2n ** 61n) };
    await store.prepare(lease, { batch: 1n, cursor, dead: [], published: [], lines, job: null });
    await store.promote(lease, 1n);
    const before = await store.readLines(0);
    expect(before.lanes).toHaveLength(1);
    const other = { ...change([laneAt(B, cursor)], [A]), quotas: { ...quotas(2n ** 62n), isWhole: true } };
    await store.prepare(lease, { batch: 2n, cursor, dead: [], published: [], lines: other, job: null });
    await store.discard(lease, 2n);
    expect(await store.readLines(0)).toEqual(before);
    await asLeft(opened());
    expect(await store.readLines(0)).toEqual(before);
  });

  test("a lane's cursor gets the plan's own xid as its nx where it has none", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const lines = change([
      laneAt(A, { ...cursor, nextXid: null } as PlainCursor),
      laneAt(B, { ...cursor, nextXid: 3n }),
    ]);
    const prepared = await store.prepare(lease, { batch: 1n, cursor, dead: [], published: [], lines, job: null });
    await store.promote(lease, 1n);
    const found = new Lanes((await store.readLines(0)).lanes);
    expect(found.get(A)!.cursor.nextXid).toBe(prepared!.nextXid);
    expect(found.get(B)!.cursor.nextXid).toBe(3n);
  });

  test("quotas are what the promoted plans left, later ones over earlier ones, and the last one counts from its promotion", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const lay = async (batch: bigint, used: [string, bigint][], isWhole: boolean) => {
      const judgedNs = await store.now();
      const quotas = { states: states(...used), judgedNs, isWhole };
      const lines = { changed: [], dropped: [], quotas };
      await store.prepare(lease, { batch, cursor, dead: [], published: [], lines, job: null });
    };
    await lay(
      1n,
      [
        ["a", 10n ** 18n],
        ["b", 2n * 10n ** 18n],
      ],
      true,
    );
    await lay(2n, [["b", 3n * 10n ** 18n]], false);
    await lay(3n, [["c", 10n ** 18n]], false);
    await store.prepare(lease, { batch: 4n, cursor, ...NOTHING_ELSE });
    const ofLast = (await store.readLines(0)).quotas;
    expect(ofLast.get("a")).toEqual({ events: 10n ** 18n, bytes: 0n });
    expect(ofLast.get("b")).toEqual({ events: 3n * 10n ** 18n, bytes: 0n });
    expect(ofLast.get("c")!.events).toBeGreaterThanOrEqual(10n ** 18n);
    expect(ofLast.get("c")!.events).toBeLessThan(10n ** 18n + 60_000_000_000n);
    await lay(5n, [["b", 4n * 10n ** 18n]], true);
    await store.promote(lease, 5n);
    expect([...(await store.readLines(0)).quotas.keys()]).toEqual(["b"]);
  });

  test("an advance changes lanes and quotas at once", async () => {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const advance = (lines: LinesChange) => store.advance(lease, { cursor, dead: [], published: [], lines, job: null });
    const quotas = { states: states(["a", 5n]), judgedNs: 2n ** 62n, isWhole: true };
    await advance({ ...change([laneAt(A, cursor), laneAt(B, cursor)]), quotas });
    await advance(change([laneAt(A, moved(cursor, 9n))], [B]));
    const left = await store.readLines(0);
    expect(left.lanes).toEqual([laneAt(A, moved(cursor, 9n))]);
    expect(left.quotas).toEqual(states(["a", 5n]));
  });

  test("each kind of lane reads its own rows, up to the main cursor and no further", async () => {
    const { store } = opened();
    const { cursor } = await claimed(opened());
    const seqs: bigint[] = [];
    for (const draft of [
      { key: "k" },
      {},
      { topic: "other" },
      { key: "k", topic: "other" },
      { key: "l" },
      { key: "k" },
    ]) {
      seqs.push(await enqueue(opened(), { shard: 0, ...draft }));
    }
    const page = await store.readPage(0, cursor, ALL);
    const main = { ...moved(cursor, seqs[4]!), snapshot: page.snapshot } as PlainCursor;
    const [row] = page.fresh;
    const read = async (filter: LaneFilter, limits = ALL) => {
      const [found] = await store.readLanePages(0, main, [{ lane: laneAt(filter, cursor), limits }]);
      return { at: found!.fresh.map(({ seq }) => seqs.indexOf(seq)), isToEnd: found!.isToEnd };
    };
    expect(await read(ofTenant(row!.tenantId))).toEqual({ at: [0, 1, 2, 3, 4], isToEnd: true });
    expect(await read(ofTenant("nobody"))).toEqual({ at: [], isToEnd: true });
    expect(await read(ofTopic("other"))).toEqual({ at: [2, 3], isToEnd: true });
    expect(await read(ofTenantAndTopic(row!))).toEqual({ at: [0, 1, 4], isToEnd: true });
    expect(await read(ofOrder(row!))).toEqual({ at: [0], isToEnd: true });
    expect(await read(ofOrder(page.fresh[1]!))).toEqual({ at: [1], isToEnd: true });
    expect(await read(ofTenant(row!.tenantId), { ...ALL, events: 2 })).toEqual({ at: [0, 1], isToEnd: false });
    expect(await read(ofTenant(row!.tenantId), { ...ALL, bytes: 1 })).toEqual({ at: [0], isToEnd: false });
    const several = [ofTopic("other"), ofOrder(row!)].map((filter) => ({ lane: laneAt(filter, cursor), limits: ALL }));
    const pages = await store.readLanePages(0, main, several);
    expect(pages.map(({ fresh }) => fresh.map(({ seq }) => seqs.indexOf(seq)))).toEqual([[2, 3], [0]]);
  });

  test("lanes that come and go, with writers that end late, lose nothing and double nothing", async () => {
    for (const seed of [1, 2, 3]) {
      const world = new LaneWorld(opened(), seed);
      await world.run(60);
      expect(sorted(world.published), `seed ${seed}`).toEqual(sorted(world.committed));
    }
  }, 120_000);
}

function byName(lanes: readonly Lane[]): Record<string, Lane> {
  return Object.fromEntries(lanes.map((lane) => [nameOf(lane.filter), lane]));
}

function sorted(seqs: readonly bigint[]): bigint[] {
  return [...seqs].sort((a, b) => (a < b ? -1 : 1));
}

/** Shard 0 with writers that overlap, and batches that hold, stop, are discarded, and are taken up by another owner. */
class LaneWorld {
  readonly published: bigint[] = [];
  readonly committed: bigint[] = [];
  readonly #outbox: StoreUnderTest;
  readonly #random: SeededRandom;
  readonly #open = new Map<OpenTransaction, bigint[]>();
  #lease!: Lease;
  #main!: Cursor;
  #lanes!: Lanes;
  #batch!: bigint;

  constructor(outbox: StoreUnderTest, seed: number) {
    this.#outbox = outbox;
    this.#random = new SeededRandom(seed);
  }

  async run(steps: number): Promise<void> {
    await this.#claim();
    for (let step = 0; step < steps; step++) {
      const dice = this.#random.next();
      if (dice < 0.15 && this.#open.size < 4) this.#open.set(await this.#outbox.begin(), []);
      else if (dice < 0.5) await this.#write();
      else if (dice < 0.65) await this.#end();
      else if (dice < 0.7) await this.#claim();
      else await this.#step(true);
    }
    while (this.#open.size > 0) await this.#end();
    for (let left = 200; (await this.#step(false)) || this.#lanes.size > 0; left--) {
      if (left === 0) throw new Error(`the lines never end: ${this.#lanes.size} lanes`);
    }
  }

  async #claim(): Promise<void> {
    const { store } = this.#outbox;
    const record = await claimed(this.#outbox);
    this.#lease = record.lease;
    this.#batch = record.lastBatch;
    this.#main = record.cursor;
    if (record.plan !== null) {
      await store.promote(record.lease, record.plan.batch);
      this.#main = record.plan.cursor;
    }
    this.#lanes = new Lanes((await store.readLines(0)).lanes);
  }

  async #write(): Promise<void> {
    const transactions = [...this.#open.keys()];
    if (transactions.length === 0) return;
    const transaction = this.#random.pick(transactions);
    const key = this.#random.pick(["k1", "k2", undefined]);
    const draft = { shard: 0, topic: this.#random.pick(["x", "y"]), ...(key === undefined ? {} : { key }) };
    this.#open.get(transaction)!.push(await transaction.enqueue(draft));
  }

  async #end(): Promise<void> {
    const transactions = [...this.#open.keys()];
    if (transactions.length === 0) return;
    const transaction = this.#random.pick(transactions);
    if (this.#random.chance(0.2)) await transaction.rollback();
    else {
      await transaction.commit();
      this.committed.push(...this.#open.get(transaction)!);
    }
    this.#open.delete(transaction);
  }

  /** One batch; whether there was anything to do. */
  async #step(isHolding: boolean): Promise<boolean> {
    const { store } = this.#outbox;
    const random = this.#random;
    const main = this.#main;
    const limits = { events: 1 + random.below(6), bytes: 1 + random.below(200) };
    const page = await store.readPage(0, main, limits);
    const due = [...this.#lanes].filter(() => random.chance(0.8));
    const requests = due.map((lane) => ({
      lane,
      limits: { events: 1 + random.below(6), bytes: 1 + random.below(200) },
    }));
    const pages = main.form === "plain" && due.length > 0 ? await store.readLanePages(0, main, requests) : [];
    const lanePages = pages.map((lanePage, index) => [due[index]!, lanePage] as const);
    const judge = (row: OutboxEvent): Hold | typeof STOP | null => this.#judge(row, isHolding);
    const plan = planLines({ main, page, lanes: this.#lanes, lanePages, judge, nowMs: 0 });
    this.#batch += 1n;
    const lines = { changed: plan.changed, dropped: plan.dropped, quotas: null };
    const record = { batch: this.#batch, cursor: plan.main, dead: [], published: [], lines, job: null };
    const prepared = await store.prepare(this.#lease, record);
    if (random.chance(0.1)) {
      await store.discard(this.#lease, this.#batch);
      return true;
    }
    this.published.push(...plan.rows.map(({ seq }) => seq));
    this.#main = withNextXid(plan.main, prepared!.nextXid);
    this.#lanes = new Lanes(
      [...plan.lanes].map((lane) => ({ ...lane, cursor: withNextXid(lane.cursor, prepared!.nextXid) })),
    );
    return rowsOf(page).length > 0 || main.form === "window";
  }

  #judge(row: OutboxEvent, isHolding: boolean): Hold | typeof STOP | null {
    const random = this.#random;
    if (random.chance(0.05)) return STOP;
    if (!isHolding || random.chance(0.7)) return null;
    const filter = random.pick([ofTenant(row.tenantId), ofTenantAndTopic(row), ofTopic(row.topic), ofOrder(row)]);
    return { filter, reason: "quota", detail: "", resumeAtMs: 0, probes: 0 };
  }
}
