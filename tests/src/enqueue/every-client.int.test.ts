import { enqueue, enqueueMany, type SqlClient } from "@siding/enqueue";
import { expect, test } from "vitest";
import { describeEveryClient } from "./describe-every-client.js";

describeEveryClient((suite) => {
  test("a commit keeps the order and its event", async () => {
    const order = { id: suite.tenant("commit"), note: "kept" };
    const enqueued = await suite.client.transaction(async ({ outbox, insertOrder }) => {
      await insertOrder(order);
      return enqueue(outbox, {
        topic: "orders.created",
        payload: order,
        tenantId: suite.tenant("commit"),
        dedupeKey: `order-${order.id}`,
        key: "customer-7",
        headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", absent: undefined },
      });
    });
    expect(await suite.database.query("select * from orders where id = $1", [order.id])).toEqual([order]);
    expect(await suite.eventsOf(suite.tenant("commit"))).toMatchObject([
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
    const order = { id: suite.tenant("rollback"), note: "gone" };
    const changedMind = new Error("the customer changed their mind");
    const placing = suite.client.transaction(async ({ outbox, insertOrder }) => {
      await insertOrder(order);
      await enqueue(outbox, { topic: "orders.created", payload: order, tenantId: order.id });
      await enqueueMany(outbox, [{ topic: "orders.created", payload: order, tenantId: order.id }]);
      throw changedMind;
    });
    await expect(placing).rejects.toBe(changedMind);
    expect(await suite.database.query("select * from orders where id = $1", [order.id])).toEqual([]);
    expect(await suite.eventsOf(order.id)).toEqual([]);
  });

  test("the README's example places an order", async () => {
    const order = { id: suite.tenant("readme"), note: "two boxes" };
    const { eventId } = await suite.client.placeOrder(order);
    const [row] = await suite.database.query("select payload from siding.events where event_id = $1", [eventId]);
    expect(row).toEqual({ payload: order });
  });

  test("a duplicate writes nothing and answers the first one's ids", async () => {
    const event = { topic: "t", payload: 1, tenantId: suite.tenant("duplicate"), dedupeKey: "once" } as const;
    const first = await suite.client.transaction(({ outbox }) => enqueue(outbox, event));
    const again = await suite.client.transaction(async ({ outbox }) => [
      await enqueue(outbox, { ...event, payload: 2 }),
      ...(await enqueueMany(outbox, [{ ...event, payload: 3 }])),
    ]);
    expect(again).toEqual([
      { ...first, duplicate: true },
      { ...first, duplicate: true },
    ]);
    expect((await suite.eventsOf(event.tenantId)).map((row) => row.payload)).toEqual([1]);
  });

  test("the caller's own event id is kept", async () => {
    const eventId = crypto.randomUUID();
    const event = { topic: "t", payload: 1, tenantId: suite.tenant("event-id"), eventId };
    const [one, same] = await suite.client.transaction(async ({ outbox }) => [
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
      tenantId: suite.tenant("thousand"),
      headers: { n: String(n) },
    }));
    let statements = 0;
    const enqueued = await suite.client.transaction(({ outbox }) => {
      const counting: SqlClient = {
        query(text, values) {
          statements += 1;
          return outbox.query(text, values);
        },
      };
      return enqueueMany(counting, events);
    });
    expect(statements).toBe(1);
    const rows = await suite.eventsOf(suite.tenant("thousand"));
    expect(rows.map(({ topic, payload, headers }) => ({ topic, payload, headers }))).toEqual(
      events.map(({ topic, payload, headers }) => ({ topic, payload, headers })),
    );
    expect(enqueued).toEqual(rows.map((row) => ({ eventId: row.event_id, seq: BigInt(row.seq), duplicate: false })));
  });

  test("events one after another have rising seqs", async () => {
    const seqs = await suite.client.transaction(async ({ outbox }) => {
      const event = { topic: "t", payload: null, tenantId: suite.tenant("rising") };
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
    await suite.client.transaction(async ({ outbox }) => {
      for (const payload of payloads) await enqueue(outbox, { topic: "t", payload, tenantId: suite.tenant("json") });
      await enqueueMany(
        outbox,
        payloads.map((payload) => ({ topic: "t", payload, tenantId: suite.tenant("json") })),
      );
    });
    expect((await suite.eventsOf(suite.tenant("json"))).map((row) => row.payload)).toEqual([...payloads, ...payloads]);
  });

  test("bytes arrive as themselves", async () => {
    const whole = Uint8Array.from({ length: 512 }, (_, n) => n % 256);
    const payloads = [whole, whole.subarray(3, 9), new Uint8Array(0)];
    await suite.client.transaction(async ({ outbox }) => {
      for (const payload of payloads) {
        await enqueue(outbox, {
          topic: "t",
          payload,
          contentType: "application/x-protobuf",
          tenantId: suite.tenant("bytes"),
        });
      }
    });
    const rows = await suite.eventsOf(suite.tenant("bytes"));
    expect(rows.map((row) => new Uint8Array(row.payload_bytes!))).toEqual(payloads.map((bytes) => bytes.slice()));
    expect(rows.map((row) => row.content_type)).toEqual(payloads.map(() => "application/x-protobuf"));
  });

  test("an application needs no more than the role siding_emitter", async () => {
    const event = { topic: "t", payload: 1, tenantId: suite.tenant("role") };
    await suite.client.transaction(async ({ outbox }) => {
      await outbox.query("set local role siding_emitter", []);
      await enqueue(outbox, event);
      await enqueue(outbox, { ...event, payload: Uint8Array.of(1), contentType: "x/y" });
      await enqueueMany(outbox, [event]);
    });
    expect(await suite.eventsOf(suite.tenant("role"))).toHaveLength(3);
  });
});
