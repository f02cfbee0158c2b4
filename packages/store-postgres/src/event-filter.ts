import { SidingError } from "@siding/core/errors.js";

export const EVENT_STATUSES = ["pending", "published", "dead"] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** Which events an operator asks for: those for which everything that is given holds. */
export interface EventFilter {
  readonly tenantId?: string | undefined;
  readonly topic?: string | undefined;
  readonly status?: EventStatus | undefined;
  /** Created at or after; RFC 3339. */
  readonly since?: string | undefined;
  /** Created before; RFC 3339. */
  readonly until?: string | undefined;
  /** The ordering key that was given; not the one that is made of tenant and dedupe key where none was. */
  readonly key?: string | undefined;
  readonly dedupeKey?: string | undefined;
  readonly eventId?: string | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Years that Postgres reads in this form. */
const TIME = /^(?!0000)\d{4}-/;

/**
 * What no event can have is a mistake of the asker, not an empty answer. Values go to Postgres as parameters whatever
 * they hold; a NUL is the one character that its texts cannot.
 * @throws SIDING_USAGE
 */
export function checkFilter(filter: EventFilter): void {
  const { tenantId, topic, key, dedupeKey, eventId } = filter;
  const texts = { "--tenant": tenantId, "--topic": topic, "--key": key, "--dedupe-key": dedupeKey };
  for (const [flag, text] of Object.entries(texts)) {
    if (text === "") throw new SidingError("SIDING_USAGE", `${flag} is empty: leave it out to see all`);
    if (text?.includes("\0")) throw new SidingError("SIDING_USAGE", `${flag} holds a NUL, which no event can`);
  }
  for (const time of [filter.since, filter.until]) {
    if (time !== undefined && !TIME.test(time)) {
      throw new SidingError("SIDING_USAGE", `${time} is out of range: expected a year from 0001 to 9999`);
    }
  }
  if (eventId !== undefined && !UUID.test(eventId)) {
    throw new SidingError("SIDING_USAGE", `the event id is ${JSON.stringify(eventId.slice(0, 80))}: expected a UUID`);
  }
}
