import { SeededRandom } from "@siding/testkit/random.js";
import { SimulatedLog } from "@siding/testkit/simulated-log.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cursor, type PlainCursor, withNextXid } from "../cursor/cursor.js";
import { rowsOf } from "../cursor/page.js";
import { parseSnapshot } from "../cursor/snapshot.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import { type Lane, type LaneFilter, matches, ofOrder, ofTenant, ofTenantAndTopic, ofTopic } from "./lane.js";
import { Lanes } from "./lanes.js";
import { type Hold, type LinesPlan, planLines, STOP } from "./plan-lines.js";

const TENANTS = ["a", "b", "c"];
const TOPICS = ["x", "y"];
const KEYS = ["k1", "k2", null];
/** What keeps its order: a tenant's and topic's events of one key; one without a key stands alone. */
const pairOf = (row: { tenantId: string; topic: string; key: string | null; eventId: string }): string =>
  `${row.tenantId}/${row.topic}/${row.key ?? row.eventId}`;

/** One shard with random writers, whose events of one order take turns on a lock, and its lines beside them. */
class World {
  readonly random: SeededRandom;
  readonly log = new SimulatedLog();
  /** In publishing order. */
  readonly published: OutboxEvent[] = [];
  /** Seqs in commit order, by what keeps its order. */
  readonly expected = new Map<string, bigint[]>();
  lanesSeen = 0;
  readonly #running = new Map<bigint, OutboxEvent[]>();
  readonly #locks = new Map<string, bigint>();
  readonly #stops: { filter: LaneFilter; until: number }[] = [];
  #main: Cursor;
  #lanes = new Lanes();
  #step = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#main = { form: "plain", position: 0n, snapshot: this.log.snapshot(), nextXid: this.log.assignXid() };
  }

  run(steps: number): void {
    // Where batches are rare, transactions begin and write between two of them that no snapshot lists.
    const pace = this.random.pick([1, 1.35]);
    for (; this.#step < steps; this.#step++) {
      const dice = this.random.next() / pace;
      if (dice < 0.2) this.#running.set(this.log.begin(), []);
      else if (dice < 0.55) this.#write();
      else if (dice < 0.7) this.#end();
      else this.#batch();
    }
    while (this.#running.size > 0) this.#end();
    this.#step = Number.POSITIVE_INFINITY;
    for (let left = 20_000; this.#batch() || this.#lanes.size > 0; left--) {
      if (left === 0) throw new Error(`the lines never end: ${this.#lanes.size} lanes`);
    }
  }

  #write(): void {
    const xids = [...this.#running.keys()];
    if (xids.length === 0) return;
    const xid = this.random.pick(xids);
    const place = { tenantId: this.random.pick(TENANTS), topic: this.random.pick(TOPICS), key: this.random.pick(KEYS) };
    const draft = { ...place, eventId: `${this.#step}` };
    if ((this.#locks.get(pairOf(draft)) ?? xid) !== xid) return;
    this.#locks.set(pairOf(draft), xid);
    const event = { ...draft, shard: 0, bytes: 1 + this.random.below(9) };
    this.#running.get(xid)!.push(this.log.insert(xid, event));
  }

  #end(): void {
    const xids = [...this.#running.keys()];
    if (xids.length === 0) return;
    const xid = this.random.pick(xids);
    if (this.random.chance(0.2)) this.log.rollback(xid);
    else {
      this.log.commit(xid);
      for (const row of this.#running.get(xid)!) {
        this.expected.set(pairOf(row), [...(this.expected.get(pairOf(row)) ?? []), row.seq]);
      }
    }
    this.#running.delete(xid);
    for (const [pair, owner] of [...this.#locks]) if (owner === xid) this.#locks.delete(pair);
  }

  /** Whether there was anything to do. */
  #batch(): boolean {
    const { random, log } = this;
    const main = this.#main;
    const limits = { events: 1 + random.below(8), bytes: 1 + random.below(60) };
    const page = log.readPage(0, main, limits);
    const due = [...this.#lanes].filter((lane) => (lane.resumeAtMs ?? 0) <= this.#step && random.chance(0.8));
    const lanePages =
      main.form === "plain" ? due.map((lane) => [lane, log.readLanePage(0, lane, main, limits)] as const) : [];
    const plan = planLines({ main, page, lanes: this.#lanes, lanePages, judge: (row) => this.#judge(row), nowMs: 0 });
    // A batch that Kafka refused: its plan goes, and what was held is held the next time as well, or is not.
    if (random.chance(0.1)) return true;
    this.#apply(plan);
    return rowsOf(page).length > 0 || main.form === "window";
  }

  #apply(plan: LinesPlan<OutboxEvent>): void {
    this.published.push(...plan.rows);
    this.lanesSeen = Math.max(this.lanesSeen, plan.lanes.size);
    // What the plan says has changed is all that is stored of it.
    const stored = new Lanes(this.#lanes);
    for (const filter of plan.dropped) stored.delete(filter);
    for (const lane of plan.changed) stored.set(lane);
    expect([...stored]).toEqual(expect.arrayContaining([...plan.lanes]));
    expect(stored.size).toBe(plan.lanes.size);
    const xid = this.log.assignXid();
    this.#main = withNextXid(plan.main, xid);
    this.#lanes = new Lanes([...stored].map((lane) => ({ ...lane, cursor: withNextXid(lane.cursor, xid) })));
  }

  #judge(row: OutboxEvent): Hold | typeof STOP | null {
    const standing = this.#stops.find((stop) => stop.until > this.#step && matches(stop.filter, row));
    if (standing !== undefined) return holdOf(standing.filter, standing.until);
    if (this.random.chance(0.05)) return STOP;
    if (this.#step === Number.POSITIVE_INFINITY || this.random.chance(0.7)) return null;
    const filter = this.random.pick([ofTenant(row.tenantId), ofTenantAndTopic(row), ofTopic(row.topic), ofOrder(row)]);
    // Some end at once: the lane is due with the next batch, as one for fair share is.
    const until = this.#step + this.random.below(40);
    this.#stops.push({ filter, until });
    return holdOf(filter, until);
  }
}

function holdOf(filter: LaneFilter, resumeAtMs: number): Hold {
  return { filter, reason: "quota", detail: "", resumeAtMs, probes: 0 };
}

function byPair(events: readonly OutboxEvent[]): Map<string, bigint[]> {
  const found = new Map<string, bigint[]>();
  for (const row of events) found.set(pairOf(row), [...(found.get(pairOf(row)) ?? []), row.seq]);
  return found;
}

describe("a shard's lines", () => {
  test("publish every committed row once, in order for each tenant, topic and key, whatever is held and when", () => {
    let lanesSeen = 0;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 20, max: 500 }), (seed, steps) => {
        const world = new World(seed);
        world.run(steps);
        lanesSeen = Math.max(lanesSeen, world.lanesSeen);
        expect(byPair(world.published)).toEqual(
          new Map(
            [...world.expected].sort(([a], [b]) => firstPlace(world.published, a) - firstPlace(world.published, b)),
          ),
        );
      }),
      { numRuns: 1_500 },
    );
    expect(lanesSeen).toBeGreaterThan(6);
  });
});

describe("a lane that stopped between two rows", () => {
  test("finds what a transaction above every snapshot's list wrote below them", () => {
    const log = new SimulatedLog();
    const limits = { events: 2, bytes: 1_000 };
    let main: Cursor = { form: "plain", position: 0n, snapshot: log.snapshot(), nextXid: log.assignXid() };
    let lanes = new Lanes();
    const insert = (xid: bigint, eventId: string): OutboxEvent =>
      log.insert(xid, { shard: 0, tenantId: "a", topic: "x", key: null, eventId, bytes: 1 });
    const batch = (isHeld: boolean): string[] => {
      invariantPlain(main);
      const plain = main;
      const lanePages = isHeld
        ? []
        : [...lanes].map((lane) => [lane, log.readLanePage(0, lane, plain, limits)] as const);
      const page = log.readPage(0, main, { events: 10, bytes: 1_000 });
      const hold = holdOf(ofTenant("a"), 0);
      const plan = planLines({ main, page, lanes, lanePages, judge: () => (isHeld ? hold : null), nowMs: 0 });
      const xid = log.assignXid();
      main = withNextXid(plan.main, xid);
      lanes = new Lanes([...plan.lanes].map((lane) => ({ ...lane, cursor: withNextXid(lane.cursor, xid) })));
      return plan.rows.map((row) => row.eventId);
    };

    const first = log.begin();
    insert(first, "first");
    log.commit(first);
    expect(batch(true)).toEqual([]);
    const early = log.begin();
    const above = log.begin();
    insert(above, "above");
    insert(early, "second");
    insert(early, "third");
    log.commit(early);
    expect(batch(true)).toEqual([]);
    expect(batch(false)).toEqual(["first", "second"]);
    log.commit(above);
    expect(batch(true)).toEqual([]);
    expect([...batch(false), ...batch(false)]).toEqual(["above", "third"]);
    expect(lanes.size).toBe(0);
  });

  test("a lane that has caught up below one that has not rests for a while, and stands where the main line does", () => {
    const snapshot = parseSnapshot("9:9:");
    const at = (position: bigint): PlainCursor => ({ form: "plain", position, snapshot, nextXid: 9n });
    const whole: Lane = { ...holdOf(ofTenant("a"), 0), resumeAtMs: null, cursor: at(1n) };
    const narrow: Lane = { ...holdOf(ofTenantAndTopic({ tenantId: "a", topic: "x" }), 0), cursor: at(5n) };
    const nothing = { snapshot, late: [], lateComplete: true, fresh: [] };
    const plan = planLines<OutboxEvent>({
      main: at(100n),
      page: nothing,
      lanes: new Lanes([whole, narrow]),
      lanePages: [[narrow, { ...nothing, isToEnd: true }]],
      judge: () => null,
      nowMs: 1_000,
    });
    const after = plan.lanes.get(narrow.filter)!;
    expect(after.cursor).toMatchObject({ form: "plain", position: 100n });
    expect(after.resumeAtMs).toBeGreaterThan(1_000);
    expect(plan.lanes.get(whole.filter)).toBe(whole);
  });
});

function invariantPlain(cursor: Cursor): asserts cursor is PlainCursor {
  if (cursor.form !== "plain") throw new Error("the main cursor is in window form");
}

function firstPlace(events: readonly OutboxEvent[], pair: string): number {
  return events.findIndex((row) => pairOf(row) === pair);
}
