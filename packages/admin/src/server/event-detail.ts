import { SidingError } from "@siding/core/errors.js";
import type { EventStatus } from "@siding/store-postgres/event-filter.js";
import type { EventContent, InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import type { EventDetailText } from "../api/event.js";
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

export function unknownEvent(eventId: string, status: EventStatus | undefined): SidingError {
  const what = status === undefined ? "event" : `${status} event`;
  return new SidingError("SIDING_EVENT_UNKNOWN", `there is no ${what} with the id ${eventId}`);
}
