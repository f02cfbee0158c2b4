import { EnqueueError, enqueue, enqueueMany, type SqlClient } from "@siding/enqueue";
import { expect, test } from "vitest";
import { describeEveryClient } from "./describe-every-client.js";

// Stands in for what operators set: a tenant whose backlog is full, one that is blocked, and a fault of another kind.
const REFUSING_TRIGGER = `
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

/** Everything that was thrown, from the error itself inward, however the client nests it. */
function codesIn(error: unknown, depth = 0): unknown[] {
  if (typeof error !== "object" || error === null || depth > 5) return [];
  const { code, originalCode, cause, meta, driverAdapterError } = error as Record<string, unknown>;
  return [code, originalCode, ...[cause, meta, driverAdapterError].flatMap((inner) => codesIn(inner, depth + 1))];
}

describeEveryClient((suite) => {
  async function refusalOf(work: (outbox: SqlClient) => Promise<unknown>): Promise<unknown> {
    return suite.client
      .transaction(({ outbox }) => work(outbox))
      .then(
        () => expect.unreachable("it was not refused"),
        (error: unknown) => error,
      );
  }

  test("SD001 comes typed, worded by the database, and loses the whole transaction", async () => {
    const order = { id: suite.tenant("sd001"), note: "lost with its event" };
    const refused = await suite.client
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
    expect(await suite.database.query("select * from orders where id = $1", [order.id])).toEqual([]);
  });

  test("SD001 in a batch names the event", async () => {
    const refused = await refusalOf((outbox) =>
      enqueueMany(outbox, [
        { topic: "t", payload: 1, tenantId: suite.tenant("batch") },
        { topic: "t", payload: 1, tenantId: suite.tenant("batch"), headers: { "event-id": "mine" } },
      ]),
    );
    expect(refused).toMatchObject({
      code: "SD001",
      message: "events[1]: header 'event-id' is reserved. Siding writes this header itself; choose another name.",
    });
    expect(await suite.eventsOf(suite.tenant("batch"))).toEqual([]);
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
    const order = { id: suite.tenant("usable"), note: "kept all the same" };
    await suite.client.transaction(async ({ outbox, insertOrder }) => {
      const refused = enqueue(outbox, { topic: "t", payload: { amount: 1n }, tenantId: order.id });
      await expect(refused).rejects.toThrow("payload.amount is a bigint");
      await insertOrder(order);
    });
    expect(await suite.database.query("select * from orders where id = $1", [order.id])).toEqual([order]);
  });

  test("the client itself is refused where its transaction belongs", async () => {
    const mistaken = (async () =>
      enqueue(suite.client.withoutTransaction(), { topic: "t", payload: 1, tenantId: suite.tenant("mistaken") }))();
    await expect(mistaken).rejects.toThrow("is not a transaction");
    expect(await suite.eventsOf(suite.tenant("mistaken"))).toEqual([]);
  });
}, REFUSING_TRIGGER);
