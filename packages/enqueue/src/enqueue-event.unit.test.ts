import { describe, expect, test } from "vitest";
import { EnqueueError } from "./enqueue-error.js";
import { enqueue } from "./enqueue-event.js";
import { enqueueMany } from "./enqueue-many.js";
import type { JsonEvent } from "./event.js";
import type { SqlAnswer } from "./sql-client.js";

/** Answers as the database would, and keeps what it was sent. */
function recordingClient(answerRows = 1) {
  const sent: { text: string; values: unknown[] }[] = [];
  return {
    sent,
    async query(text: string, values: unknown[]): Promise<SqlAnswer> {
      sent.push({ text, values });
      return Array.from({ length: answerRows }, (_, n) => ({ id: `id-${n}`, seq: String(n + 1), duplicate: false }));
    },
  };
}

test("seq keeps 64 bits", async () => {
  const client = { query: async () => ({ rows: [{ id: "x", seq: "9007199254740993", duplicate: true }] }) };
  expect(await enqueue(client, { topic: "t", payload: 1 })).toEqual({
    eventId: "x",
    seq: 9007199254740993n,
    duplicate: true,
  });
});

test("values stand in the order of the SQL function's arguments", async () => {
  const client = recordingClient();
  const eventId = "0198a0a0-0000-7000-8000-000000000001";
  const headers = { traceparent: "00-1-2-01", absent: undefined };
  await enqueue(client, { topic: "t", payload: { a: 1 }, tenantId: "n", dedupeKey: "d", key: "k", headers, eventId });
  expect(client.sent[0]?.values).toEqual(["t", '{"a":1}', "n", "d", "k", '{"traceparent":"00-1-2-01"}', eventId]);
});

test("what is left out falls to the database's defaults", async () => {
  const client = recordingClient();
  await enqueue(client, { topic: "t", payload: null, tenantId: undefined });
  expect(client.sent[0]?.values).toEqual(["t", "null", "default", null, null, "{}", null]);
});

test("a tenant that is null in untyped code is not taken for the default one", async () => {
  const client = recordingClient();
  await enqueue(client, { topic: "t", payload: 1, tenantId: null } as unknown as JsonEvent);
  expect(client.sent[0]?.values[2]).toBeNull();
});

test("a payload is written as JSON once, in a batch too", async () => {
  let calls = 0;
  const payload = {
    toJSON() {
      calls += 1;
      return { quote: '"' };
    },
  };
  const client = recordingClient();
  await enqueueMany(client, [{ topic: "t", payload, headers: { h: "v" } }]);
  expect(calls).toBe(1);
  expect(JSON.parse(String(client.sent[0]?.values[0]))).toEqual([
    {
      topic: "t",
      payload: { quote: '"' },
      headers: { h: "v" },
      tenant_id: "default",
      dedupe_key: null,
      key: null,
      event_id: null,
    },
  ]);
});

test("an empty batch sends nothing", async () => {
  const client = recordingClient();
  expect(await enqueueMany(client, [])).toEqual([]);
  expect(client.sent).toEqual([]);
});

test("an answer for fewer events than were sent is not passed off as success", async () => {
  await expect(enqueue(recordingClient(0), { topic: "t", payload: 1 })).rejects.toThrow("answered 0 rows");
  await expect(enqueue({ query: async () => undefined! }, { topic: "t", payload: 1 })).rejects.toThrow("no rows");
});

test("an error that is not Siding's is thrown on as it is", async () => {
  const own = Object.assign(new Error("deadlock detected"), { code: "40P01" });
  const client = { query: () => Promise.reject(own) };
  await expect(enqueue(client, { topic: "t", payload: 1 })).rejects.toBe(own);
});

describe("refused before anything is sent, so that the transaction can go on", () => {
  const bytes = new Uint8Array([1]);
  test.each<[string, unknown]>([
    ["payload is undefined", { topic: "t" }],
    ["payload.n is a bigint", { topic: "t", payload: { n: 1n } }],
    ["headers.h is a bigint", { topic: "t", payload: 1, headers: { h: 1n } }],
    ["eventId is not a UUID", { topic: "t", payload: 1, eventId: "7" }],
    ["payload is bytes", { topic: "t", payload: bytes }],
    ["payload is bytes", { topic: "t", payload: new Float64Array(1), contentType: "x/y" }],
    ["contentType is given", { topic: "t", payload: { a: 1 }, contentType: "application/json" }],
  ])("%s", async (message, event) => {
    const client = recordingClient();
    const refused = await enqueue(client, event as JsonEvent).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EnqueueError);
    expect(refused).toMatchObject({ code: "SD001", message: expect.stringContaining(message) });
    expect(client.sent).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["events[1]: payload is undefined", { topic: "t" }],
    ["events[1]: payload.n is a bigint", { topic: "t", payload: { n: 1n } }],
    ["events[1]: headers.h is a bigint", { topic: "t", payload: 1, headers: { h: 1n } }],
    ["events[1]: eventId is not a UUID", { topic: "t", payload: 1, eventId: "7" }],
    ["events[1]: payload is bytes", { topic: "t", payload: bytes, contentType: "x/y" }],
  ])("in a batch: %s", async (message, event) => {
    const client = recordingClient();
    await expect(enqueueMany(client, [{ topic: "t", payload: 1 }, event as JsonEvent])).rejects.toThrow(message);
    expect(client.sent).toEqual([]);
  });

  test.each([
    ["pg.Pool", { totalCount: 0 }],
    ["DataSource", { isInitialized: true }],
  ])("a pool: %s", async (name, marks) => {
    const pool = { ...recordingClient(), ...marks };
    await expect(enqueue(pool as never, { topic: "t", payload: 1 })).rejects.toThrow(`${name} is not a transaction`);
    expect(pool.sent).toEqual([]);
  });
});
