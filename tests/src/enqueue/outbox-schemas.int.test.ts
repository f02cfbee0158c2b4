import { createOutbox, PayloadInvalidError } from "@siding/enqueue";
import { type } from "arktype";
import pg from "pg";
import * as v from "valibot";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

// The same topic three times: lines that must hold a positive price, a note that is trimmed, a currency by default.
const ORDER_SCHEMAS = {
  "orders.zod": z.object({
    id: z.number(),
    note: z.string().trim(),
    lines: z.array(z.object({ price: z.number().positive() })),
    currency: z.string().default("EUR"),
  }),
  "orders.valibot": v.object({
    id: v.number(),
    note: v.pipe(v.string(), v.trim()),
    lines: v.array(v.object({ price: v.pipe(v.number(), v.gtValue(0)) })),
    currency: v.optional(v.string(), "EUR"),
  }),
  "orders.arktype": type({
    id: "number",
    note: "string.trim",
    lines: type({ price: "number > 0" }).array(),
    currency: "string = 'EUR'",
  }),
};

const ASYNC_SCHEMAS = {
  "checked.zod": z.object({ id: z.number() }).refine(async ({ id }) => id > 0, "id is not known"),
  "checked.valibot": v.pipeAsync(
    v.object({ id: v.number() }),
    v.checkAsync(async ({ id }) => id > 0, "id is not known"),
  ),
};

const outbox = createOutbox({ topics: { ...ORDER_SCHEMAS, ...ASYNC_SCHEMAS, pictures: z.instanceof(Uint8Array) } });

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

beforeEach(async () => {
  await client.query("begin");
  return () => client.query("rollback");
});

async function payloads(): Promise<unknown[]> {
  const { rows } = await client.query(
    "select coalesce(payload, to_jsonb(payload_bytes::text)) as payload from siding.events order by seq",
  );
  return rows.map((row) => row.payload);
}

describe.each(Object.keys(ORDER_SCHEMAS) as (keyof typeof ORDER_SCHEMAS)[])("%s", (topic) => {
  test("what the schema made of the payload is written", async () => {
    const payload = { id: 7, note: " two boxes ", lines: [{ price: 1 }] };
    await outbox.enqueue(client, { topic, payload });
    await outbox.enqueueMany(client, [{ topic, payload }]);
    const written = { id: 7, note: "two boxes", lines: [{ price: 1 }], currency: "EUR" };
    expect(await payloads()).toEqual([written, written]);
  });

  test("a payload that does not fit is refused with its issues, and the transaction goes on", async () => {
    const payload = { id: 7, note: "", lines: [{ price: 1 }, { price: -1 }] };
    const refused = await outbox.enqueue(client, { topic, payload }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PayloadInvalidError);
    expect(refused).toMatchObject({ topic, issues: [{ message: expect.any(String) }] });
    expect(String(refused)).toContain(`payload does not fit topic "${topic}": lines.1.price: `);
    expect(await payloads()).toEqual([]);
  });
});

test.each(Object.keys(ASYNC_SCHEMAS) as (keyof typeof ASYNC_SCHEMAS)[])(
  "%s: an async schema is waited for",
  async (topic) => {
    await outbox.enqueue(client, { topic, payload: { id: 1 } });
    const refused = outbox.enqueue(client, { topic, payload: { id: 0 } });
    await expect(refused).rejects.toThrow(`payload does not fit topic "${topic}": id is not known`);
    expect(await payloads()).toEqual([{ id: 1 }]);
  },
);

test("a topic of bytes is checked by its schema and written as bytes", async () => {
  await outbox.enqueue(client, { topic: "pictures", payload: Uint8Array.of(137, 80), contentType: "image/png" });
  const refused = outbox.enqueue(client, { topic: "pictures", payload: "no" as never, contentType: "image/png" });
  await expect(refused).rejects.toBeInstanceOf(PayloadInvalidError);
  expect(await payloads()).toEqual(["\\x8950"]);
});
