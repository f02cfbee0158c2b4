import { SidingError } from "@siding/core/errors.js";
import type { EventFilter, EventStatus } from "@siding/store-postgres/event-filter.js";
import type { EventInspection } from "@siding/store-postgres/event-inspection.js";
import { decodePageCursor, encodePageCursor, type ListQuestion } from "@siding/store-postgres/page-cursor.js";
import type { PageFlags } from "./filter-flags.js";
import type { Answer } from "./print-answer.js";
import { renderEventJson, renderEventsJson, renderEventsTable, renderEventTable } from "./render-events.js";

/** So far a list looks for events that its filters leave few of: some five million rows, in about as many seconds. */
const ROUNDS_MAX = 500;

/** A page of events, for `events list` and `dead list --events`. */
export async function listEvents(
  inspection: EventInspection,
  filter: EventFilter,
  { limit, cursor }: PageFlags,
  question: ListQuestion,
): Promise<Answer> {
  const below = cursor === undefined ? null : decodePageCursor(cursor, question);
  const { events, nextBelow } = await inspection.list(filter, { below, limit, roundsMax: ROUNDS_MAX });
  const listed = { events, nextCursor: nextBelow === null ? null : encodePageCursor(nextBelow, question) };
  return { json: () => renderEventsJson(listed), table: (options) => renderEventsTable(listed, options) };
}

/**
 * One event, for `events show` and `dead show`.
 * @throws SIDING_EVENT_UNKNOWN
 */
export async function showEvent(
  inspection: EventInspection,
  { eventId, tenantId, status }: { eventId: string; tenantId: string | undefined; status?: EventStatus },
): Promise<Answer> {
  const shown = await inspection.show({ eventId, tenantId, status });
  if (shown === null) {
    const what = status === undefined ? "event" : `${status} event`;
    throw new SidingError("SIDING_EVENT_UNKNOWN", `there is no ${what} with the id ${eventId}`);
  }
  if (!shown.isOnlyOne) process.stderr.write("several events have this id: this is the newest\n");
  return { json: () => renderEventJson(shown), table: (options) => renderEventTable(shown, options) };
}
