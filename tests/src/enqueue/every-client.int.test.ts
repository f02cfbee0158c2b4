import { EnqueueError, enqueue, enqueueMany, type SqlClient } from "@siding/enqueue";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { ALL_CLIENTS } from "./clients/all-clients.js";
import type { ConnectedClient } from "./clients/client-under-test.js";

interface EventRow {
  event_id: string;
  seq: string;
  tenant_id: string;
  topic: string;
  key: string | null;
  dedupe_key: string;
  payload: unknown;
  headers: Record<string, string>;
  payload_bytes: Buffer | null;
  content_type: string;
  status: string;
}

// Stands in for what operators set: a tenant whose backlog is full, one that is blocked, and a fault of another kind.
const REFUSING_TRIGGER = `
  create table orders (id text primary key, note text not null);
  create function refuse_tenant() returns trigger language plpgsql as $$
  begin
    if new.tenant_id = 'full' then
      raise exception using errcode = 'SD002', message = 'backlog of tenant "full" is at its cap', hint = 'Try again later.';
    elsif new.tenant_id = 'blocked' then
      raise exception using errcode = 'SD003', message = 'tenant "blocked" may not enqueue', hint = 'Ask an operator.';
    elsif new.tenant_id = 'broken' then
      raise exception using errcode = '23514', message = 'a rule of the application';
    end if;
    return new;
  end $$;
  create trigger refuse_tenant before insert on siding.event for each row execute function refuse_tenant();`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  await database.query(REFUSING_TRIGGER);
});

afterAll(async () => {
  await database?.drop();
});

async function eventsOf(tenantId: string): Promise<EventRow[]> {
  return database.query<EventRow>("select * from siding.events where tenant_id = $1 order by seq", [tenantId]);
}

/** Everything that was thrown, from the error itself inward, however the client nests it. */
function codesIn(error: unknown, depth = 0): unknown[] {
  if (typeof error !== "object" || error === null || depth > 5) return [];
  const { code, originalCode, cause, meta, driverAdapterError } = error as Record<string, unknown>;
  return [code, originalCode, ...[cause, meta, driverAdapterError].flatMap((inner) => codesIn(inner, depth + 1))];
}

describe.each(ALL_CLIENTS)("$name", ({ name, connect }) => {
  const tenantId = name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  let client: ConnectedClient;

  beforeAll(async () => {
    client = await connect(database.url);
  });

  afterAll(async () => {
    await client?.close();
  });

  /** A tenant of its own for each test. */
  function tenant(test: string): string {
    return `${tenantId}.${test}`;
  }

  async function refusalOf(work: (outbox: SqlClient) => Promise<unknown>): Promise<unknown> {
    return client
      .transaction(({ outbox }) => work(outbox))
      .then(
        () => expect.unreachable("it was not refused"),
        (error: unknown) => error,
      );
  }

  test("a commit keeps the order and its event", async () => {
    const order = { id: tenant("commit"), note: "kept" };
    const enqueued = await client.transaction(async ({ outbox, insertOrder }) => {
      await insertOrder(order);
      return enqueue(outbox, {
        topic: "orders.created",
        payload: order,
        tenantId: tenant("commit"),
        dedupeKey: `order-${order.id}`,
        key: "customer-7",
        headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", absent: undefined },
      });
    });
    expect(await database.query("select * from orders where id = $1", [order.id])).toEqual([order]);
    expect(await eventsOf(tenant("commit"))).toMatchObject([
      {
        event_id: enqueued.eventId,
        seq: String(enqueued.seq),
        topic: "orders.created",
        key: "customer-7",
        dedupe_key: `order-${order.id}`,
        payload: order,
        headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
        content_type: "application/json",
        status: "pending",
      },
    ]);
    expect(enqueued.duplicate).toBe(false);
  });

  test("a rollback keeps neither", async () => {
    const order = { id: tenant("rollback"), note: "gone" };
    const changedMind = new Error("the customer changed their mind");
    const placing = client.transaction(async ({ outbox, insertOrder }) => {
      await insertOrder(order);
      await enqueue(outbox, { topic: "orders.created", payload: order, tenantId: order.id });
      await enqueueMany(outbox, [{ topic: "orders.created", payload: order, tenantId: order.id }]);
      throw changedMind;
    });
    await expect(placing).rejects.toBe(changedMind);
    expect(await database.query("select * from orders where id = $1", [order.id])).toEqual([]);
    expect(await eventsOf(order.id)).toEqual([]);
  });

  test("the README's example places an order", async () => {
    const order = { id: tenant("readme"), note: "two boxes" };
    const { eventId } = await client.placeOrder(order);
    const [row] = await database.query("select payload from siding.events where event_id = $1", [eventId]);
    expect(row).toEqual({ payload: order });
  });

  test("a duplicate writes nothing and answers the first one's ids", async () => {
    const event = { topic: "t", payload: 1, tenantId: tenant("duplicate"), dedupeKey: "once" } as const;
    const first = await client.transaction(({ outbox }) => enqueue(outbox, event));
    const again = await client.transaction(async ({ outbox }) => [
      await enqueue(outbox, { ...event, payload: 2 }),
      ...(await enqueueMany(outbox, [{ ...event, payload: 3 }])),
    ]);
    expect(again).toEqual([
      { ...first, duplicate: true },
      { ...first, duplicate: true },
    ]);
    expect((await eventsOf(event.tenantId)).map((row) => row.payload)).toEqual([1]);
  });

  test("the caller's own event id is kept", async () => {
    const eventId = crypto.randomUUID();
    const event = { topic: "t", payload: 1, tenantId: tenant("event-id"), eventId };
    const [one, same] = await client.transaction(async ({ outbox }) => [
      await enqueue(outbox, event),
      ...(await enqueueMany(outbox, [event])),
    ]);
    expect(one).toMatchObject({ eventId, duplicate: false });
    expect(same).toMatchObject({ eventId, duplicate: true });
  });

  test("a thousand events go in one statement and keep their order", async () => {
    const events = Array.from({ length: 1_000 }, (_, n) => ({
      topic: n % 2 === 0 ? "even" : "odd",
      payload: { n, text: `it's "${n}" 😀` },
      tenantId: tenant("thousand"),
      headers: { n: String(n) },
    }));
    let statements = 0;
    const enqueued = await client.transaction(({ outbox }) => {
      const counting: SqlClient = {
        query(text, values) {
          statements += 1;
          return outbox.query(text, values);
        },
      };
      return enqueueMany(counting, events);
    });
    expect(statements).toBe(1);
    const rows = await eventsOf(tenant("thousand"));
    expect(rows.map(({ topic, payload, headers }) => ({ topic, payload, headers }))).toEqual(
      events.map(({ topic, payload, headers }) => ({ topic, payload, headers })),
    );
    expect(enqueued).toEqual(rows.map((row) => ({ eventId: row.event_id, seq: BigInt(row.seq), duplicate: false })));
  });

  test("events one after another have rising seqs", async () => {
    const seqs = await client.transaction(async ({ outbox }) => {
      const event = { topic: "t", payload: null, tenantId: tenant("rising") };
      const first = await enqueue(outbox, event);
      const [second, third] = await enqueueMany(outbox, [event, event]);
      const fourth = await enqueue(outbox, event);
      return [first.seq, second!.seq, third!.seq, fourth.seq];
    });
    expect(seqs).toEqual(seqs.toSorted((a, b) => Number(a - b)));
    expect(new Set(seqs).size).toBe(4);
  });

  test("any JSON value arrives as itself", async () => {
    // A string and null are where clients that write JSON themselves would write it twice, or write SQL's NULL.
    const payloads = [
      null,
      "text",
      '{"not":"parsed"}',
      'quote " and ?',
      0,
      false,
      [],
      [1, [2]],
      { $1: "?", "::": "😀" },
    ];
    await client.transaction(async ({ outbox }) => {
      for (const payload of payloads) await enqueue(outbox, { topic: "t", payload, tenantId: tenant("json") });
      await enqueueMany(
        outbox,
        payloads.map((payload) => ({ topic: "t", payload, tenantId: tenant("json") })),
      );
    });
    expect((await eventsOf(tenant("json"))).map((row) => row.payload)).toEqual([...payloads, ...payloads]);
  });

  test("bytes arrive as themselves", async () => {
    const whole = Uint8Array.from({ length: 512 }, (_, n) => n % 256);
    const payloads = [whole, whole.subarray(3, 9), new Uint8Array(0)];
    await client.transaction(async ({ outbox }) => {
      for (const payload of payloads) {
        await enqueue(outbox, {
          topic: "t",
          payload,
          contentType: "application/x-protobuf",
          tenantId: tenant("bytes"),
        });
      }
    });
    const rows = await eventsOf(tenant("bytes"));
    expect(rows.map((row) => new Uint8Array(row.payload_bytes!))).toEqual(payloads.map((bytes) => bytes.slice()));
    expect(rows.map((row) => row.content_type)).toEqual(payloads.map(() => "application/x-protobuf"));
  });

  test("SD001 comes typed, worded by the database, and loses the whole transaction", async () => {
    const order = { id: tenant("sd001"), note: "lost with its event" };
    const refused = await client
      .transaction(async ({ outbox, insertOrder }) => {
        await insertOrder(order);
        await enqueue(outbox, { topic: "", payload: order });
      })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EnqueueError);
    expect(refused).toMatchObject({
      code: "SD001",
      retry: "never",
      message: "topic is empty. Name the Kafka topic that the event goes to.",
      hint: "Name the Kafka topic that the event goes to.",
      cause: expect.any(Error),
    });
    expect(await database.query("select * from orders where id = $1", [order.id])).toEqual([]);
  });

  test("SD001 in a batch names the event", async () => {
    const refused = await refusalOf((outbox) =>
      enqueueMany(outbox, [
        { topic: "t", payload: 1, tenantId: tenant("batch") },
        { topic: "t", payload: 1, tenantId: tenant("batch"), headers: { "event-id": "mine" } },
      ]),
    );
    expect(refused).toMatchObject({
      code: "SD001",
      message: "events[1]: header 'event-id' is reserved. Siding writes this header itself; choose another name.",
    });
    expect(await eventsOf(tenant("batch"))).toEqual([]);
  });

  test.each([
    ["SD002", "full", "backoff", 'backlog of tenant "full" is at its cap. Try again later.'],
    ["SD003", "blocked", "never", 'tenant "blocked" may not enqueue. Ask an operator.'],
  ])("%s comes typed", async (code, refusedTenant, retry, message) => {
    const event = { topic: "t", payload: " - ", tenantId: refusedTenant };
    for (const work of [
      (outbox: SqlClient) => enqueue(outbox, event),
      (outbox: SqlClient) => enqueueMany(outbox, [event]),
    ]) {
      const refused = await refusalOf(work);
      expect(refused).toBeInstanceOf(EnqueueError);
      expect(refused).toMatchObject({ code, retry, message });
    }
  });

  test("any other error is the client's own", async () => {
    const refused = await refusalOf((outbox) => enqueue(outbox, { topic: "t", payload: 1, tenantId: "broken" }));
    expect(refused).not.toBeInstanceOf(EnqueueError);
    expect(codesIn(refused)).toContain("23514");
  });

  test("a mistake found before the database leaves the transaction usable", async () => {
    const order = { id: tenant("usable"), note: "kept all the same" };
    await client.transaction(async ({ outbox, insertOrder }) => {
      const refused = enqueue(outbox, { topic: "t", payload: { amount: 1n }, tenantId: order.id });
      await expect(refused).rejects.toThrow("payload.amount is a bigint");
      await insertOrder(order);
    });
    expect(await database.query("select * from orders where id = $1", [order.id])).toEqual([order]);
  });

  test("an application needs no more than the role siding_emitter", async () => {
    const event = { topic: "t", payload: 1, tenantId: tenant("role") };
    await client.transaction(async ({ outbox }) => {
      await outbox.query("set local role siding_emitter", []);
      await enqueue(outbox, event);
      await enqueue(outbox, { ...event, payload: Uint8Array.of(1), contentType: "x/y" });
      await enqueueMany(outbox, [event]);
    });
    expect(await eventsOf(tenant("role"))).toHaveLength(3);
  });

  test("the client itself is refused where its transaction belongs", async () => {
    const mistaken = (async () =>
      enqueue(client.withoutTransaction(), { topic: "t", payload: 1, tenantId: tenant("mistaken") }))();
    await expect(mistaken).rejects.toThrow("is not a transaction");
    expect(await eventsOf(tenant("mistaken"))).toEqual([]);
  });
});
