import type { EventContent, InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import type { EventDetail } from "../api/event.js";
import { eventDocument } from "./documents.js";
import { isRedacted, type Redaction, redactJson } from "./redaction.js";

export interface ShownEvent {
  readonly event: InspectedEvent;
  readonly content: EventContent;
  readonly isOnlyOne: boolean;
}

/** What its reader may see of an event's content. */
export interface Sight {
  readonly maySeePayload: boolean;
  readonly redactions: readonly Redaction[];
}

/** An event with what it carries, its payload as the text that Postgres wrote: parsed, its numbers would be rounded. */
export interface EventDetailText {
  readonly document: Omit<EventDetail, "payload">;
  /** JSON, laid out. */
  readonly payload: string;
}

export function eventDetail({ event, content, isOnlyOne }: ShownEvent, sight: Sight): EventDetailText {
  const { payloadJson, payloadBytes, headers, retryAt } = content;
  const { maySeePayload, redactions } = sight;
  const isShown = maySeePayload && (payloadJson !== null || !isRedacted(redactions, event.topic));
  const document = {
    ...eventDocument(event),
    retry_at: retryAt,
    is_only_one: isOnlyOne,
    payload_hidden: !isShown,
    headers: maySeePayload ? { ...headers } : null,
    payload_base64: isShown && payloadBytes !== null ? payloadBytes.toString("base64") : null,
  };
  const payload = isShown && payloadJson !== null ? redactJson(payloadJson, redactions, event.topic) : "null";
  return { document, payload };
}

/** The JSON of an event: an EventDetail. */
export function eventDetailJson({ document, payload }: EventDetailText): string {
  return `${JSON.stringify(document, undefined, 2).slice(0, -2)},\n  "payload": ${payload.replaceAll("\n", "\n  ")}\n}\n`;
}
