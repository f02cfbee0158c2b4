import type { DeadCauses, EventDetailText, EventPage } from "@siding/admin/api/event.js";
import type { AdminClient } from "@siding/admin/client/admin-client.js";
import { deadCauseDocument, eventDocument } from "@siding/admin/server/documents.js";
import { eventDetail, unknownEvent } from "@siding/admin/server/event-detail.js";
import type { EventFilter, EventStatus } from "@siding/store-postgres/event-filter.js";
import type { EventInspection } from "@siding/store-postgres/event-inspection.js";
import { decodePageCursor, encodePageCursor } from "@siding/store-postgres/page-cursor.js";
import { type FilterFlags, type PageFlags, questionOf } from "./filter-flags.js";

/** What `events` and `dead` look up, wherever it is asked: answers are the same to the letter. */
export interface EventSource {
  /** A page of events, newest first. A cursor goes on with the list of the same flags. */
  list(
    filter: EventFilter,
    page: PageFlags,
    asked: { list: "events" | "dead"; flags: FilterFlags },
  ): Promise<EventPage>;
  /** @throws SIDING_EVENT_UNKNOWN */
  show(eventId: string, tenantId: string | undefined, status: EventStatus | undefined): Promise<EventDetailText>;
  /** Dead letters by cause, the largest group first. */
  deadCauses(filter: EventFilter, groupsMax: number): Promise<DeadCauses>;
}

/** So far a list looks for events that its filters leave few of: some five million rows, in about as many seconds. */
const ROUNDS_MAX = 500;
/** Whoever can read the log can read it whole. */
const EVERYTHING = { maySeePayload: true, redactions: [] };

/** Asks Postgres. */
export function localEvents(inspection: EventInspection): EventSource {
  return {
    list: async (filter, { limit, cursor }, { list, flags }) => {
      const question = questionOf(list, flags);
      const below = cursor === undefined ? null : decodePageCursor(cursor, question);
      const { events, nextBelow } = await inspection.list(filter, { below, limit, roundsMax: ROUNDS_MAX });
      const next_cursor = nextBelow === null ? null : encodePageCursor(nextBelow, question);
      return { events: events.map(eventDocument), next_cursor };
    },
    show: async (eventId, tenantId, status) => {
      const shown = await inspection.show({ eventId, tenantId, status });
      if (shown === null) throw unknownEvent(eventId, status);
      return eventDetail(shown, EVERYTHING);
    },
    deadCauses: async (filter, groupsMax) => {
      const { groups, total } = await inspection.deadGroups(filter, groupsMax);
      return { groups: groups.map(deadCauseDocument), groups_total: total };
    },
  };
}

/** Asks an admin API. */
export function remoteEvents(client: AdminClient): EventSource {
  return {
    list: async (filter, { limit, cursor }, { list }) => {
      const events: EventPage["events"] = [];
      let next: string | null = cursor ?? null;
      // A page of the API ends where it has looked long enough, full or not.
      for (let round = 0; round < ROUNDS_MAX && events.length < limit; round += 1) {
        const more = { limit: limit - events.length, ...(next === null ? {} : { cursor: next }) };
        const { status, ...query } = queryOf(filter);
        const page =
          list === "dead"
            ? await client.deadLetters({ ...query, ...more })
            : await client.events({ ...query, ...(status === undefined ? {} : { status }), ...more });
        events.push(...page.events);
        next = page.next_cursor;
        if (next === null) break;
      }
      return { events, next_cursor: next };
    },
    show: (eventId, tenant, status) =>
      client.event(eventId, {
        ...(tenant === undefined ? {} : { tenant }),
        ...(status === undefined ? {} : { status }),
      }),
    deadCauses: (filter, limit) => {
      const { status: _, ...query } = queryOf(filter);
      return client.deadCauses({ ...query, limit });
    },
  };
}

function queryOf({ tenantId, topic, status, since, until, key, dedupeKey, eventId }: EventFilter) {
  return {
    ...(tenantId === undefined ? {} : { tenant: tenantId }),
    ...(topic === undefined ? {} : { topic }),
    ...(status === undefined ? {} : { status }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(key === undefined ? {} : { key }),
    ...(dedupeKey === undefined ? {} : { dedupe_key: dedupeKey }),
    ...(eventId === undefined ? {} : { id: eventId }),
  };
}
