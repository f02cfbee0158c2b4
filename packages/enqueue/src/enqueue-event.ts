import { EnqueueError } from "./enqueue-error.js";
import type { BytesEvent, Enqueued, JsonEvent } from "./event.js";
import { eventValues } from "./event-values.js";
import { jsonText } from "./json-text.js";
import { runStatement } from "./run-statement.js";
import type { SqlClient } from "./sql-client.js";
import { STATEMENT_END, type Statement } from "./statement.js";

// Every argument but bytes travels as text and is cast there: told that a parameter is jsonb, some clients would write
// the JSON text as JSON once more. The answer is text as well, since clients read a bigint in different ways.
const ANSWER = "select e.event_id::text as id, e.seq::text as seq, e.duplicate";
const ENQUEUE_JSON = `${ANSWER} from siding.enqueue($1::text, $2::text::jsonb, $3::text, $4::text, $5::text, $6::text::jsonb, $7::text::uuid) e ${STATEMENT_END}`;
const ENQUEUE_BYTES = `${ANSWER} from siding.enqueue_bytes($1::text, $2::bytea, $3::text, $4::text, $5::text, $6::text, $7::text::jsonb, $8::text::uuid) e ${STATEMENT_END}`;

/**
 * Writes an event in the caller's transaction: it is published if that commits, and gone if it rolls back.
 *
 * ```ts
 * await client.query("begin");
 * await client.query("insert into orders (id) values ($1)", [order.id]);
 * await enqueue(client, { topic: "orders.created", payload: order, dedupeKey: `order-${order.id}` });
 * await client.query("commit");
 * ```
 *
 * @throws EnqueueError SD001 for an invalid argument, SD002 where the tenant's backlog is full, SD003 where the tenant is
 * blocked; any other error of the client is thrown on as it is
 */
export async function enqueue(tx: SqlClient, event: JsonEvent | BytesEvent): Promise<Enqueued> {
  const [enqueued] = await runStatement(tx, statementFor(event), 1);
  return enqueued!;
}

function statementFor(event: JsonEvent | BytesEvent): Statement {
  const payload: unknown = event.payload;
  const { tenantId, dedupeKey, key, headers, eventId } = eventValues(event, "");
  if (!ArrayBuffer.isView(payload)) {
    if (event.contentType !== undefined) {
      throw new EnqueueError("SD001", "contentType is given, but the payload is not a Uint8Array", {
        hint: "Leave contentType out for JSON, or encode the payload yourself.",
      });
    }
    const json = jsonText(payload, "payload");
    return { text: ENQUEUE_JSON, values: [event.topic, json, tenantId, dedupeKey, key, headers, eventId] };
  }
  if (!(payload instanceof Uint8Array) || event.contentType === undefined) {
    throw new EnqueueError("SD001", "payload is bytes, but not a Uint8Array with a contentType", {
      hint: "Name its contentType, such as application/x-protobuf.",
    });
  }
  const { topic, contentType } = event;
  return { text: ENQUEUE_BYTES, values: [topic, payload, contentType, tenantId, dedupeKey, key, headers, eventId] };
}
