import type { Clock } from "@siding/core/ports/clock.js";
import type pg from "pg";
import type { Checker } from "./checker.js";
import type { TransactionDraw } from "./draw-transaction.js";
import { type ExpectedEvent, RUN_HEADER } from "./expected-event.js";
import { SAMPLE_TOPICS } from "./sample-tenants.js";

export interface Placement {
  readonly client: pg.ClientBase;
  readonly checker: Checker;
  readonly clock: Clock;
  readonly run: string;
  readonly tenantId: string;
  readonly draw: TransactionDraw;
}

/** How a transaction ended. `unknown`: COMMIT was sent and no answer came; the xid is for asking later. */
export type PlacementEnd =
  | { readonly kind: "committed"; readonly repeats: number }
  | { readonly kind: "rolled back" }
  | { readonly kind: "unknown"; readonly xid: string; readonly eventIds: readonly string[]; readonly error: unknown };

type Draft = Omit<ExpectedEvent, "eventId">;

const ENQUEUE = `select event_id::text, duplicate
  from siding.enqueue(topic => $1, payload => $2::jsonb, tenant_id => $3, dedupe_key => $4, key => $5, headers => $6::jsonb)`;
const NEXT_VERSION = `update siding_dev.orders set version = version + 1, total_cents = total_cents + $4
  where run = $1 and tenant_id = $2 and order_id = $3
  returning version, total_cents::text, pg_current_xact_id()::text as xid`;
const NEXT_PAYMENT = `update siding_dev.orders set payments = payments + 1
  where run = $1 and tenant_id = $2 and order_id = $3 returning payments`;

/** One business transaction, as an application would write it: change the row, enqueue what happened, commit. */
export async function placeOrder(placement: Placement): Promise<PlacementEnd> {
  return new OrderTransaction(placement).run();
}

class OrderTransaction {
  readonly #with: Placement;
  /** Enqueued and not rolled back to a savepoint. */
  readonly #enqueued: ExpectedEvent[] = [];
  #repeats = 0;

  constructor(placement: Placement) {
    this.#with = placement;
  }

  async run(): Promise<PlacementEnd> {
    const { client, checker, clock, draw } = this.#with;
    let xid: string;
    try {
      await client.query("begin isolation level read committed");
      xid = await this.#changeOrder();
      if (draw.undoesPart) await this.#undoPart();
      if (draw.paysToo) await this.#pay();
      if (draw.email !== "none") await this.#notify(draw.email);
      if (draw.repeatsInside) await this.#repeat();
      if (draw.holdMs > 0) await clock.sleep(draw.holdMs);
      if (draw.ending === "error") await client.query("select 1 / 0").catch(() => {});
      if (draw.ending !== "commit") {
        await client.query("rollback");
        return this.#rolledBack();
      }
    } catch (error) {
      // COMMIT was not sent, so nothing of it can ever be committed.
      this.#rolledBack();
      throw error;
    }
    const eventIds = this.#enqueued.map((event) => event.eventId);
    checker.committing(eventIds, clock.monotonicMs());
    try {
      await client.query("commit");
    } catch (error) {
      return { kind: "unknown", xid, eventIds, error };
    }
    checker.committed(eventIds);
    if (draw.comesAgain) await this.#repeat();
    return { kind: "committed", repeats: this.#repeats };
  }

  async #changeOrder(): Promise<string> {
    const { client, run, tenantId, draw } = this.#with;
    const cents = 100 + draw.orderId.length;
    // Holds the row to the end of the transaction: whoever comes next for this order gets the next number after that.
    const { rows } = await client.query(NEXT_VERSION, [run, tenantId, draw.orderId, cents]);
    const { version, total_cents: totalCents, xid } = rows[0];
    await this.#enqueue({
      topic: SAMPLE_TOPICS.orders,
      tenantId,
      key: draw.orderId,
      dedupeKey: `${run}/${draw.orderId}/${version}`,
      version,
      payload: { order: draw.orderId, version, total_cents: totalCents, note: "grün, 注文, 🚃" },
      headers: this.#headers(),
    });
    return xid;
  }

  async #undoPart(): Promise<void> {
    const { client, checker } = this.#with;
    const kept = this.#enqueued.length;
    await client.query("savepoint part");
    await this.#changeOrder();
    await client.query("rollback to savepoint part");
    checker.rolledBack(this.#enqueued.splice(kept).map((event) => event.eventId));
  }

  async #pay(): Promise<void> {
    const { client, run, tenantId, draw } = this.#with;
    const { rows } = await client.query(NEXT_PAYMENT, [run, tenantId, draw.orderId]);
    const number: number = rows[0].payments;
    await this.#enqueue({
      topic: SAMPLE_TOPICS.payments,
      tenantId,
      key: draw.orderId,
      dedupeKey: null,
      version: number,
      payload: { order: draw.orderId, payment: number, currency: "EUR" },
      headers: this.#headers(),
    });
  }

  async #notify(email: "keyed" | "plain"): Promise<void> {
    const { run, tenantId, draw } = this.#with;
    const first = this.#enqueued[0]!;
    await this.#enqueue({
      topic: SAMPLE_TOPICS.emails,
      tenantId,
      key: null,
      dedupeKey: email === "keyed" ? `${run}/email/${draw.orderId}/${first.version}` : null,
      version: null,
      payload: { to: `${draw.orderId}@example.com`, about: draw.orderId, version: first.version },
      headers: this.#headers(),
    });
  }

  async #enqueue(draft: Draft): Promise<void> {
    const { eventId, isDuplicate } = await this.#callEnqueue(draft);
    const expected = { ...draft, eventId };
    if (isDuplicate)
      this.#with.checker.wronglyAnswered(eventId, `its dedupe key ${draft.dedupeKey} was taken for a known one`);
    this.#with.checker.opened(expected);
    this.#enqueued.push(expected);
  }

  /** The first event once more, under the same dedupe key: it has to be answered with the same id. */
  async #repeat(): Promise<void> {
    const first = this.#enqueued[0]!;
    const { eventId, isDuplicate } = await this.#callEnqueue(first);
    this.#repeats += 1;
    if (isDuplicate && eventId === first.eventId) return;
    this.#with.checker.wronglyAnswered(
      first.eventId,
      `enqueued again under its dedupe key, it was given the id ${eventId}`,
    );
  }

  async #callEnqueue(event: Draft): Promise<{ eventId: string; isDuplicate: boolean }> {
    const { rows } = await this.#with.client.query(ENQUEUE, [
      event.topic,
      JSON.stringify(event.payload),
      event.tenantId,
      event.dedupeKey,
      event.key,
      JSON.stringify(event.headers),
    ]);
    return { eventId: rows[0].event_id, isDuplicate: rows[0].duplicate };
  }

  #rolledBack(): PlacementEnd {
    this.#with.checker.rolledBack(this.#enqueued.map((event) => event.eventId));
    return { kind: "rolled back" };
  }

  #headers(): Record<string, string> {
    return { [RUN_HEADER]: this.#with.run, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
  }
}
