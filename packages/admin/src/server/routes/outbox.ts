import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import type { EventFilter, EventStatus } from "@siding/store-postgres/event-filter.js";
import { EventInspection } from "@siding/store-postgres/event-inspection.js";
import { decodePageCursor, encodePageCursor } from "@siding/store-postgres/page-cursor.js";
import {
  DeadCauseQuery,
  DeadCauses,
  DeadLetterQuery,
  EventDetail,
  EventDetailQuery,
  EventPage,
  EventQuery,
} from "../../api/event.js";
import { only, uuid } from "../../api/text.js";
import { type Caller, tenantOf } from "../access.js";
import type { AdminRoutes } from "../admin-routes.js";
import { deadCauseDocument, eventDocument } from "../documents.js";
import { eventDetail, eventDetailJson, unknownEvent } from "../event-detail.js";
import { callerOf } from "../guard.js";
import { HttpProblem } from "../http-problem.js";
import { instantOrNone } from "../instant.js";
import type { Redaction } from "../redaction.js";

export interface EventRoutesOptions {
  readonly pool: AdminPool;
  readonly redactions: readonly Redaction[];
}

/** With an offset, what is left out has to be found as well. */
const OFFSET_ROUNDS_MAX = 50;

/** Lists and single events: the outbox, and of it the dead letters. */
export function eventRoutes(server: AdminRoutes, { pool, redactions }: EventRoutesOptions): void {
  server.get(
    "/admin/outbox",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: {
        tags: ["outbox"],
        summary: "Events, newest first",
        querystring: EventQuery,
        response: { 200: EventPage },
      },
    },
    (request) => page(callerOf(request), "outbox", request.query),
  );

  server.get(
    "/admin/outbox/:event_id",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: {
        tags: ["outbox"],
        summary: "One event, with what it carries",
        params: only({ event_id: uuid() }),
        querystring: EventDetailQuery,
        response: { 200: EventDetail },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { tenant, status } = request.query;
      const eventId = request.params.event_id;
      // An id names the event by itself, so a token that is bound to several tenants need not name one.
      const tenantId = tenant === undefined && caller.tenants !== null ? undefined : tenantOf(caller, tenant);
      const shown = await pool.inspect(caller.tenants, (session) =>
        new EventInspection(session).show({ eventId, tenantId, status }),
      );
      if (shown === null) throw unknownEvent(eventId, status);
      const sight = { maySeePayload: caller.maySeePayload, redactions };
      // Text as it is: the serializer would parse the payload, and round its numbers.
      return reply.type("application/json").send(eventDetailJson(eventDetail(shown, sight)) as never);
    },
  );

  server.get(
    "/admin/dead-letters",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: {
        tags: ["dead-letters"],
        summary: "Dead letters, newest event first",
        querystring: DeadLetterQuery,
        response: { 200: EventPage },
      },
    },
    (request) => page(callerOf(request), "dead-letters", { ...request.query, status: "dead" }),
  );

  server.get(
    "/admin/dead-letters/causes",
    {
      config: { access: { role: "viewer", scope: "tenant" } },
      schema: {
        tags: ["dead-letters"],
        summary: "Dead letters by cause, the largest group first",
        querystring: DeadCauseQuery,
        response: { 200: DeadCauses },
      },
    },
    async (request): Promise<DeadCauses> => {
      const caller = callerOf(request);
      const { limit, ...filters } = request.query;
      const filter = filterOf(caller, filters);
      const { groups, total } = await pool.inspect(caller.tenants, (session) =>
        new EventInspection(session).deadGroups(filter, limit),
      );
      return { groups: groups.map(deadCauseDocument), groups_total: total };
    },
  );

  async function page(caller: Caller, list: string, query: EventQuery): Promise<EventPage> {
    const { limit, cursor, offset: skip = 0, ...filters } = query;
    const filter = filterOf(caller, filters);
    if (cursor !== undefined && skip > 0) throw new HttpProblem(400, "Give a cursor or an offset, not both.");
    // Times are left out of it: one that is relative to now is another one with each page, and bounds the page all the same.
    const { since: _, until: __, ...question } = { list, ...filter };
    const below = cursor === undefined ? null : decodePageCursor(cursor, question);
    const wanted = { below, limit, skip, roundsMax: skip === 0 ? 1 : OFFSET_ROUNDS_MAX };
    const { events, nextBelow } = await pool.inspect(caller.tenants, (session) =>
      new EventInspection(session).list(filter, wanted),
    );
    return {
      events: events.map(eventDocument),
      next_cursor: nextBelow === null ? null : encodePageCursor(nextBelow, question),
    };
  }
}

interface Filters {
  readonly tenant?: string;
  readonly topic?: string;
  readonly status?: EventStatus;
  readonly since?: string;
  readonly until?: string;
  readonly key?: string;
  readonly dedupe_key?: string;
  readonly id?: string;
}

function filterOf(caller: Caller, { tenant, topic, status, since, until, key, dedupe_key, id }: Filters): EventFilter {
  return {
    tenantId: tenantOf(caller, tenant),
    topic,
    status,
    since: instantOrNone("since", since),
    until: instantOrNone("until", until),
    key,
    dedupeKey: dedupe_key,
    eventId: id,
  };
}
