import { EnqueueError } from "./enqueue-error.js";
import type { EventOptions } from "./event.js";
import { jsonText } from "./json-text.js";

/** What JSON events and events of bytes share, as the SQL functions take it. */
export interface EventValues {
  readonly tenantId: string;
  readonly dedupeKey: string | null;
  readonly key: string | null;
  readonly headers: string;
  readonly eventId: string | null;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param place which event of many, empty for a single one */
export function eventValues(event: EventOptions, place: string): EventValues {
  const eventId = event.eventId ?? null;
  // Postgres words a failed cast to uuid as 22P02, which is no code of Siding's.
  if (eventId !== null && !UUID.test(eventId)) {
    throw new EnqueueError("SD001", `${place}eventId is not a UUID`, { hint: "Leave it out to have one made." });
  }
  return {
    // Only undefined means "left out": a null from untyped code is refused by the database, not filed under "default".
    tenantId: event.tenantId === undefined ? "default" : event.tenantId,
    dedupeKey: event.dedupeKey ?? null,
    key: event.key ?? null,
    headers: jsonText(event.headers ?? {}, `${place}headers`),
    eventId,
  };
}
