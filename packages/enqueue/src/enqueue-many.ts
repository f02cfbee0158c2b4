import { EnqueueError } from "./enqueue-error.js";
import type { Enqueued, JsonEvent } from "./event.js";
import { eventValues } from "./event-values.js";
import { jsonText } from "./json-text.js";
import { runStatement } from "./run-statement.js";
import type { SqlClient } from "./sql-client.js";
import { STATEMENT_END } from "./statement.js";

const ENQUEUE_MANY = `select m.id::text as id, m.seq::text as seq, m.duplicate from siding.enqueue_many($1::text::jsonb) with ordinality as m(id, seq, duplicate, place) order by m.place ${STATEMENT_END}`;

/**
 * Writes many events in one statement: they take their place in the log in the order given, and so do the answers. All
 * or none; an error names the event, as in `events[3]: topic is empty`. The list is never cut into several statements:
 * a thousand events a call is a good size, and all of them together must stay below 256 MB of JSON. Payloads are JSON;
 * events of bytes go through {@link enqueue}, one at a time.
 *
 * ```ts
 * await enqueueMany(tx, orders.map((order) => ({ topic: "orders.created", payload: order, tenantId: order.tenant })));
 * ```
 *
 * @throws what {@link enqueue} throws
 */
export async function enqueueMany(tx: SqlClient, events: readonly JsonEvent[]): Promise<Enqueued[]> {
  if (events.length === 0) return [];
  const json = `[${events.map(eventJson).join(",")}]`;
  return runStatement(tx, { text: ENQUEUE_MANY, values: [json] }, events.length);
}

function eventJson(event: JsonEvent, index: number): string {
  const place = `events[${index}]: `;
  if (ArrayBuffer.isView(event.payload) || event.contentType !== undefined) {
    throw new EnqueueError("SD001", `${place}payload is bytes`, { hint: "Enqueue it by itself, with enqueue()." });
  }
  const { tenantId, dedupeKey, key, headers, eventId } = eventValues(event, place);
  const named = { topic: event.topic, tenant_id: tenantId, dedupe_key: dedupeKey, key, event_id: eventId };
  // Payload and headers are JSON text by now, and are put in as they are instead of being written a second time.
  const rest = jsonText(named, `events[${index}]`).slice(1);
  return `{"payload":${jsonText(event.payload, `${place}payload`)},"headers":${headers},${rest}`;
}
