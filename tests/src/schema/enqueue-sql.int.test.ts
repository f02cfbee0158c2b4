import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

describe("siding.enqueue", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
  });
  afterAll(() => database.drop());

  test("a second event of the same tenant and dedupe key inserts nothing and answers the first one's ids", async () => {
    const sql = "select * from siding.enqueue('orders', $1, 'acme', 'order-1')";
    const [first] = await database.query(sql, [{ n: 1 }]);
    const [second] = await database.query(sql, [{ n: 2 }]);
    expect(first).toMatchObject({ duplicate: false });
    expect(second).toEqual({ ...first, duplicate: true });
    const [other] = await database.query("select * from siding.enqueue('orders', '1', 'globex', 'order-1')");
    expect(other!.duplicate).toBe(false);
  });

  test("takes arguments by name, in any order, with everything but topic and payload left out", async () => {
    const [row] = await database.query("select * from siding.enqueue(payload => '{\"a\": 1}', topic => 'orders')");
    const [event] = await database.query("select * from siding.events where event_id = $1", [row!.event_id]);
    expect(event).toMatchObject({
      tenant_id: "default",
      dedupe_key: row!.event_id,
      payload: { a: 1 },
      headers: {},
      status: "pending",
      attempts: 0,
      last_error: null,
    });
  });

  test("enqueue_many keeps the array's order and tells duplicates within it", async () => {
    const events = Array.from({ length: 1_000 }, (_, n) => ({
      topic: "orders",
      payload: { n },
      tenant_id: "many",
      dedupe_key: n === 999 ? "0" : String(n),
    }));
    const rows = await database.query("select * from siding.enqueue_many($1)", [JSON.stringify(events)]);
    expect(rows).toHaveLength(1_000);
    const seqs = rows.slice(0, 999).map((row) => Number(row.seq));
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(rows[999]).toEqual({ ...rows[0], duplicate: true });
  });

  test.each([
    ["an empty topic", `siding.enqueue('', '1')`, /topic is empty/],
    ["a topic that Kafka cannot have", `siding.enqueue('a b', '1')`, /not a Kafka topic name/],
    ["an empty tenant", `siding.enqueue('t', '1', '')`, /tenant_id is empty/],
    ["no payload", `siding.enqueue('t', null)`, /payload is NULL/],
    ["a reserved header", `siding.enqueue('t', '1', headers => '{"event-id": "x"}')`, /header 'event-id' is reserved/],
    ["a header that is no text", `siding.enqueue('t', '1', headers => '{"n": 1}')`, /values are strings/],
    [
      "a payload that is too large",
      `siding.enqueue('t', to_jsonb(repeat('x', 1100000)))`,
      /more than the 1000000 allowed/,
    ],
    [
      "an event among many",
      `siding.enqueue_many('[{"topic":"t","payload":1},{"topic":"t"}]')`,
      /events\[1\]: payload is NULL/,
    ],
    [
      "a key that nobody knows",
      `siding.enqueue_many('[{"topic":"t","payload":1,"tenant":"x"}]')`,
      /unknown key 'tenant'/,
    ],
    ["an id that is none", `siding.enqueue_many('[{"topic":"t","payload":1,"event_id":"x"}]')`, /not a UUID/],
    ["no array", `siding.enqueue_many('{}')`, /must be a JSON array/],
  ])("refuses %s with SD001 and a hint", async (_what, call, message) => {
    await expect(database.query(`select ${call}`)).rejects.toMatchObject({
      code: "SD001",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\w/),
    });
  });

  test("siding.backlog counts what is pending by tenant", async () => {
    await database.query("select siding.enqueue('t', to_jsonb(n), 'counted') from generate_series(1, 5) n");
    const rows = await database.query("select * from siding.backlog where tenant_id = 'counted'");
    expect(rows).toMatchObject([{ pending: "5", lane_reason: null, resume_at: null }]);
  });
});
