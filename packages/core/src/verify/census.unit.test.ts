import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Census, type KafkaRecord, type PublishedRow } from "./census.js";
import { IdTable } from "./id-table.js";

const ID = (n: number): string => `01a20b9c-7015-74d9-955b-${n.toString(16).padStart(12, "0")}`;
const row = (n: number, more: Partial<PublishedRow> = {}): PublishedRow => ({
  eventId: ID(n),
  shard: n % 4,
  seq: n,
  topic: "t",
  isRequired: true,
  isRecorded: true,
  ...more,
});
const record = (n: number, more: Partial<KafkaRecord> = {}): KafkaRecord => ({
  eventId: ID(n),
  topic: "t",
  partition: n % 3,
  offset: n,
  isOwn: true,
  ...more,
});
const faults = (census: Census) => [...census.faults()].map(({ fault, eventId }) => [fault, eventId]);

test("ids keep their numbers while the table grows, and come out as they went in", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid(), { maxLength: 5_000, minLength: 1_500 }), (ids) => {
      const table = new IdTable();
      const numbers = ids.map((_, n) => n);
      expect(ids.map((id) => table.add(id))).toEqual(numbers);
      expect(ids.map((id) => table.add(id))).toEqual(numbers);
      expect(ids.map((id) => table.find(id))).toEqual(numbers);
      expect(numbers.map((n) => table.idAt(n))).toEqual(ids);
      expect(table.size).toBe(ids.length);
      expect(table.find(ID(1))).toBe(-1);
    }),
    { numRuns: 5 },
  );
});

describe("the census", () => {
  test("agrees with a plain count, whatever is missing, doubled or foreign", () => {
    const events = fc.array(fc.record({ rows: fc.nat(2), seen: fc.nat(3) }), { maxLength: 40 });
    fc.assert(
      fc.property(events, (counts) => {
        const census = new Census();
        const each = (count: (n: number) => number, act: (n: number) => void): void => {
          counts.forEach((_, n) => {
            for (let i = 0; i < count(n); i++) act(n);
          });
        };
        each(
          (n) => counts[n]!.rows,
          (n) => census.expect(row(n)),
        );
        each(
          (n) => counts[n]!.seen,
          (n) => census.see(record(n)),
        );
        const wanted = counts.flatMap(({ rows, seen }, n) => {
          if (rows === seen) return [];
          if (rows === 0) return [["foreign", ID(n)]];
          return [[seen < rows ? "missing" : "doubled", ID(n)]];
        });
        expect(faults(census).sort()).toEqual(wanted.sort());
        const once = counts.reduce((sum, { rows, seen }) => sum + Math.min(rows, seen), 0);
        expect(census.kafkaTallies().reduce((sum, { events }) => sum + events, 0)).toBe(once);
        const all = counts.reduce((sum, { rows }) => sum + rows, 0);
        expect(census.logTallies().reduce((sum, { events }) => sum + events, 0)).toBe(all);
      }),
    );
  });

  test("names every place of a doubled event, and the right one of a misplaced", () => {
    const census = new Census();
    census.expect(row(1));
    census.expect(row(2));
    census.see(record(1, { offset: 7 }));
    census.see(record(1, { offset: 9, partition: 2, isOwn: false }));
    census.see(record(2, { topic: "other", partition: 5 }));
    expect([...census.faults()]).toMatchObject([
      {
        fault: "doubled",
        shard: 1,
        seq: 1,
        places: [
          { topic: "t", partition: 1, offset: 7 },
          { topic: "t", partition: 2, offset: 9 },
        ],
      },
      { fault: "misplaced", topic: "t", places: [{ topic: "other", partition: 5, offset: 2 }] },
    ]);
  });

  test("does not ask for what need not be there, but sees it doubled", () => {
    const census = new Census();
    for (const n of [1, 2]) census.expect(row(n, { isRequired: false, isRecorded: false }));
    census.see(record(2));
    census.see(record(2));
    expect(faults(census)).toEqual([["doubled", ID(2)]]);
    expect(census.logTallies()).toEqual([]);
  });

  test("asks Postgres for what no row explains, and believes it", () => {
    const census = new Census();
    for (const n of [1, 2, 3, 4, 5]) census.see(record(n));
    for (const n of [6, 7]) census.see(record(n, { isOwn: false }));
    census.explain(row(1));
    census.explain(row(9));
    expect([...census.unexplained()]).toEqual([2, 3, 4, 5, 6, 7].map(ID));
    census.settle({ eventId: ID(2), shard: 1, seq: 2, status: "published" });
    census.settle({ eventId: ID(3), shard: 1, seq: 3, status: "pending" });
    census.settle({ eventId: ID(4), shard: 1, seq: 4, status: "dead" });
    census.settle({ eventId: ID(6), shard: 1, seq: 6, status: "published" });
    expect(faults(census)).toEqual([
      ["unpublished", ID(3)],
      ["unpublished", ID(4)],
      ["foreign", ID(5)],
    ]);
    expect(census.others).toBe(1);
  });
});
