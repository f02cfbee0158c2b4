import { describe, expect, test } from "vitest";
import { Checker, PROBLEM_KINDS } from "./checker.js";
import { type ArrivedRecord, type ExpectedEvent, RUN_HEADER } from "./expected-event.js";

const RUN = "run-1";

function event(eventId: string, changes: Partial<ExpectedEvent> = {}): ExpectedEvent {
  return {
    eventId,
    tenantId: "acme",
    topic: "orders",
    key: "order-1",
    dedupeKey: null,
    version: 1,
    payload: { n: 1 },
    headers: { [RUN_HEADER]: RUN },
    ...changes,
  };
}

/** The record as the relay ought to make it. */
function recordOf(expected: ExpectedEvent, changes: Readonly<Record<string, string>> = {}): ArrivedRecord {
  const dedupeKey = expected.dedupeKey ?? expected.eventId;
  const headers = {
    "tenant-id": expected.tenantId,
    "dedupe-key": dedupeKey,
    "event-id": expected.eventId,
    "event-topic": expected.topic,
    "event-created-at": "2026-11-23T20:00:00.250Z",
    "retry-count": "0",
    "processing-attempt": "1",
    "x-timestamp-ms": String(Date.UTC(2026, 10, 23, 20, 0, 0, 250)),
    "x-schema-version": "1",
    "x-producer-id": "siding-default-3",
    ...expected.headers,
    ...changes,
  };
  return {
    topic: expected.topic,
    key: expected.key ?? `${expected.tenantId}:${dedupeKey}`,
    value: JSON.stringify(expected.payload),
    headers: Object.entries(headers),
  };
}

const newChecker = (): Checker => new Checker(RUN, "default");

function commit(checker: Checker, ...events: ExpectedEvent[]): void {
  const ids = events.map(({ eventId }) => eventId);
  for (const each of events) checker.opened(each);
  checker.committing(ids, 0);
  checker.committed(ids);
}

function found(checker: Checker): Record<string, number> {
  const counts = PROBLEM_KINDS.map((kind) => [kind, checker.count(kind)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

describe("a checker", () => {
  test("finds nothing where every event arrives once and in order", () => {
    const checker = newChecker();
    const events = [event("a"), event("b", { version: 2 }), event("c", { key: null, version: null, dedupeKey: "d" })];
    commit(checker, ...events);
    for (const each of events) expect(checker.arrived(recordOf(each))?.tenantId).toBe("acme");
    checker.judgeMissing();
    expect(found(checker)).toEqual({});
    expect([checker.committedEvents, checker.arrivedEvents, checker.waitingEvents]).toEqual([3, 3, 0]);
  });

  test("names the event that never arrives", () => {
    const checker = newChecker();
    commit(checker, event("a"), event("b", { version: 2 }));
    checker.arrived(recordOf(event("a")));
    expect(checker.waitingEvents).toBe(1);
    checker.judgeMissing();
    expect(found(checker)).toEqual({ missing: 1 });
    expect(checker.problems[0]).toMatchObject({ kind: "missing", subject: "b" });
  });

  test("counts a second arrival, however the commit's answer and the arrivals interleave", () => {
    const late = newChecker();
    commit(late, event("a"));
    late.arrived(recordOf(event("a")));
    late.arrived(recordOf(event("a")));
    expect(found(late)).toEqual({ duplicated: 1 });

    const early = newChecker();
    early.opened(event("a"));
    early.committing(["a"], 0);
    early.arrived(recordOf(event("a")));
    early.arrived(recordOf(event("a")));
    early.committed(["a"]);
    early.arrived(recordOf(event("a")));
    expect(found(early)).toEqual({ duplicated: 2 });
    expect(early.arrivedEvents).toBe(1);
  });

  test("an event may arrive before the answer to its COMMIT does", () => {
    const checker = newChecker();
    checker.opened(event("a"));
    checker.committing(["a"], 7);
    expect(checker.arrived(recordOf(event("a")))?.commitSentAtMs).toBe(7);
    checker.committed(["a"]);
    checker.judgeMissing();
    expect(found(checker)).toEqual({});
  });

  test("an event may not arrive before its COMMIT was sent", () => {
    const checker = newChecker();
    checker.opened(event("a"));
    checker.arrived(recordOf(event("a")));
    expect(found(checker)).toEqual({ unexpected: 1 });
  });

  test("an event of a transaction that was rolled back may not arrive, before or after", () => {
    const after = newChecker();
    after.opened(event("a"));
    after.rolledBack(["a"]);
    after.arrived(recordOf(event("a")));
    expect(found(after)).toEqual({ unexpected: 1 });
    expect(after.rolledBackEvents).toBe(1);

    // COMMIT was sent, its answer was lost, the event arrived, and Postgres says that the transaction was aborted.
    const before = newChecker();
    before.opened(event("a"));
    before.committing(["a"], 0);
    before.arrived(recordOf(event("a")));
    before.rolledBack(["a"]);
    expect(found(before)).toEqual({ unexpected: 1 });
  });

  test("an event of this run that nobody enqueued is unexpected, one of another run is let pass", () => {
    const checker = newChecker();
    expect(checker.arrived(recordOf(event("x")))).toBeNull();
    expect(found(checker)).toEqual({ unexpected: 1 });
    checker.arrived(recordOf(event("y"), { [RUN_HEADER]: "run-2" }));
    checker.arrived({ topic: "orders", key: null, value: "{}", headers: [] });
    expect(found(checker)).toEqual({ unexpected: 1 });
  });

  test("order is judged within tenant, topic and key, and nowhere else", () => {
    const checker = newChecker();
    const elsewhere = [
      event("b", { tenantId: "globex" }),
      event("c", { topic: "payments" }),
      event("d", { key: "order-2" }),
    ];
    commit(checker, event("a1"), event("a2", { version: 2 }), event("a3", { version: 3 }), ...elsewhere);
    checker.arrived(recordOf(event("a3", { version: 3 })));
    for (const each of elsewhere) checker.arrived(recordOf(each));
    expect(found(checker)).toEqual({});
    checker.arrived(recordOf(event("a1")));
    checker.arrived(recordOf(event("a2", { version: 2 })));
    checker.judgeMissing();
    expect(found(checker)).toEqual({ disordered: 2 });
    expect(checker.problems[0]?.what).toContain("number 1 of key order-1 arrived after number 3");
  });

  test("the business table is believed more than the application's own books", () => {
    const checker = newChecker();
    commit(checker, event("a"), event("b", { version: 2 }));
    checker.checkAgainstTable({ tenantId: "acme", topic: "orders", key: "order-1" }, 2);
    checker.checkAgainstTable({ tenantId: "acme", topic: "orders", key: "order-9" }, 0);
    expect(found(checker)).toEqual({});
    checker.checkAgainstTable({ tenantId: "acme", topic: "orders", key: "order-1" }, 3);
    expect(found(checker)).toEqual({ unexpected: 1 });
  });

  test("a record that is not as promised is malformed, and says in what", () => {
    const checker = newChecker();
    commit(checker, event("a"));
    checker.arrived(recordOf(event("a"), { "tenant-id": "globex" }));
    expect(found(checker)).toEqual({ malformed: 1 });
    expect(checker.problems[0]?.what).toBe('tenant-id is "globex" and not "acme"');
  });
});
