import { SeededRandom } from "@siding/testkit/random.js";
import { SimulatedLog } from "@siding/testkit/simulated-log.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cursor, isConsumed, withNextXid } from "./cursor.js";
import { advance, rowsOf } from "./page.js";
import { formatSnapshot, isVisible, parseSnapshot } from "./snapshot.js";

function genesis(log: SimulatedLog): Cursor {
  return { form: "plain", position: 0n, snapshot: log.snapshot(), nextXid: log.assignXid() };
}

/** Random writers beside one reader. Answers the seqs in the order in which they were read, and what was committed. */
function readBesideWriters(seed: number, steps: number) {
  const random = new SeededRandom(seed);
  const log = new SimulatedLog();
  const running: bigint[] = [];
  const read: bigint[] = [];
  let cursor = genesis(log);
  let id = 0;
  const write = (xid: bigint) =>
    log.insert(xid, {
      shard: 0,
      tenantId: "t",
      key: null,
      topic: "o",
      eventId: `e${id++}`,
      bytes: 1 + random.below(9),
    });
  const readOnce = (): boolean => {
    const limits = { events: 1 + random.below(6), bytes: 1 + random.below(40) };
    const page = log.readPage(0, cursor, limits);
    const rows = rowsOf(page);
    // A plan may take any part of a page: a topic that is missing, an event that must wait.
    const taken = rows.length === 0 ? 0 : random.chance(0.7) ? rows.length : random.below(rows.length + 1);
    for (const row of rows) expect(isConsumed(cursor, row), `seq ${row.seq} read before`).toBe(false);
    const next = advance(cursor, page, taken);
    rows.forEach((row, i) => {
      expect(isConsumed(next, row), `seq ${row.seq} at ${i} of ${taken}`).toBe(i < taken);
    });
    read.push(...rows.slice(0, taken).map((row) => row.seq));
    const isWindow = cursor.form === "window";
    cursor = random.chance(0.8) ? withNextXid(next, log.assignXid()) : next;
    return rows.length > 0 || isWindow;
  };
  for (let step = 0; step < steps; step++) {
    const dice = random.next();
    if (dice < 0.25) running.push(log.begin());
    else if (dice < 0.6 && running.length > 0) write(random.pick(running));
    else if (dice < 0.75 && running.length > 0) {
      const [xid] = running.splice(random.below(running.length), 1);
      if (random.chance(0.2)) log.rollback(xid!);
      else log.commit(xid!);
    } else readOnce();
  }
  for (const xid of running) log.commit(xid);
  for (let left = 10_000; readOnce(); left--) if (left === 0) throw new Error("the reader never ends");
  return { read, committed: log.committed(0).map((row) => row.seq) };
}

describe("a cursor", () => {
  test("reads every committed row once, whatever writers, page limits and partial plans do", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 5, max: 150 }), (seed, steps) => {
        const { read, committed } = readBesideWriters(seed, steps);
        expect([...read].sort((a, b) => (a < b ? -1 : 1))).toEqual(committed);
      }),
      { numRuns: 2_000 },
    );
  });

  test("pages a late transaction that is larger than a page", () => {
    const log = new SimulatedLog();
    let cursor = genesis(log);
    const late = log.begin();
    for (let i = 0; i < 25; i++) log.insert(late, draft(`late${i}`));
    const early = log.begin();
    log.insert(early, draft("early"));
    log.commit(early);
    const limits = { events: 10, bytes: 1_000 };
    cursor = withNextXid(advance(cursor, log.readPage(0, cursor, limits), 1), log.assignXid());
    log.commit(late);
    const sizes: number[] = [];
    for (let i = 0; i < 4; i++) {
      const page = log.readPage(0, cursor, limits);
      sizes.push(rowsOf(page).length);
      cursor = withNextXid(advance(cursor, page, rowsOf(page).length), log.assignXid());
    }
    expect(sizes).toEqual([10, 10, 5, 0]);
    expect(cursor.form).toBe("plain");
  });

  test("finds a transaction that ran above the snapshot's xmax and is in no list", () => {
    const log = new SimulatedLog();
    const first = log.begin();
    const above = log.begin();
    log.insert(above, draft("above"));
    log.insert(first, draft("first"));
    log.commit(first);
    const page = log.readPage(
      0,
      { form: "plain", position: 0n, snapshot: log.snapshot(), nextXid: null },
      { events: 9, bytes: 99 },
    );
    expect(page.snapshot.inProgress).toEqual([]);
    const genesisCursor: Cursor = { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: null };
    const cursor = withNextXid(advance(genesisCursor, page, 1), log.assignXid());
    log.commit(above);
    expect(rowsOf(log.readPage(0, cursor, { events: 9, bytes: 99 })).map((row) => row.eventId)).toEqual(["above"]);
  });
});

describe("a snapshot", () => {
  test("survives its text form", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 3n, max: 1n << 62n }), { maxLength: 5 }), (xids) => {
        const inProgress = [...new Set(xids)].sort((a, b) => (a < b ? -1 : 1));
        const snapshot = { xmin: inProgress[0] ?? 3n, xmax: (inProgress.at(-1) ?? 3n) + 1n, inProgress };
        expect(parseSnapshot(formatSnapshot(snapshot))).toEqual(snapshot);
      }),
    );
  });

  test("sees what ended before it and nothing else", () => {
    const snapshot = parseSnapshot("10:20:10,15");
    expect([9n, 10n, 11n, 15n, 19n, 20n].map((xid) => isVisible(xid, snapshot))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
});

function draft(eventId: string) {
  return { shard: 0, tenantId: "t", key: null, topic: "o", eventId, bytes: 1 };
}
