import { SidingError } from "@siding/core/errors.js";
import type { TextRow } from "./admin-session.js";
import { checkFilter, type EventFilter, type EventStatus } from "./event-filter.js";
import { type EventPlace, readEventPage } from "./event-page.js";
import { type InspectionOptions, InspectionSession } from "./inspection-session.js";
import { statement } from "./sql-file.js";

/** An event as lists show it. Times are RFC 3339, UTC. */
export interface InspectedEvent {
  readonly eventId: string;
  readonly seq: bigint;
  readonly shard: number;
  readonly tenantId: string;
  readonly topic: string;
  readonly key: string | null;
  readonly dedupeKey: string;
  readonly createdAt: string;
  readonly status: EventStatus;
  /** Why the lane that holds it may not move; null where none holds it. */
  readonly laneReason: string | null;
  /** How often Kafka refused it. */
  readonly attempts: number;
  readonly lastError: string | null;
  readonly fingerprint: string | null;
  readonly deadAt: string | null;
  /** Payload, headers and key together. */
  readonly bytes: number;
  readonly contentType: string | null;
}

/** What an event carries. */
export interface EventContent {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, laid out, with its numbers as they were enqueued; null for a payload of bytes. */
  readonly payloadJson: string | null;
  readonly payloadBytes: Buffer | null;
  /** When it is tried again at the earliest; null where Kafka has not refused it, or it is dead. */
  readonly retryAt: string | null;
}

export interface EventPage {
  readonly events: readonly InspectedEvent[];
  /** Go on below this seq; null at the end. A page may hold fewer events than its limit, or none, and not be the last. */
  readonly nextBelow: bigint | null;
}

export interface PageWanted {
  /** Only events below this seq; null from the newest on. */
  readonly below: bigint | null;
  readonly limit: number;
  /** How many matching events to leave out first: each is looked for all the same. */
  readonly skip?: number;
  /** How many times to look at some 4,000 rows while the page is not full. */
  readonly roundsMax: number;
}

/** Dead letters of one cause. */
export interface DeadGroup {
  readonly fingerprint: string;
  readonly events: bigint;
  /** The first few by name. */
  readonly tenants: readonly string[];
  readonly tenantsTotal: number;
  readonly topics: readonly string[];
  readonly topicsTotal: number;
  /** When the oldest and the newest of them were created. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** The newest one's. */
  readonly sampleError: string;
}

const SQL = {
  details: statement("inspect-details"),
  content: statement("inspect-content"),
  deadGroups: statement("inspect-dead-groups"),
};

const NAMES_OF_GROUP = 20;
const SEQ_MAX = 2n ** 63n - 1n;

/**
 * What an operator looks up about events: read from Postgres alone, in the role siding_admin, beside relays that run.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_USAGE from every method
 */
export class EventInspection {
  readonly #session: InspectionSession;

  constructor(session: InspectionSession) {
    this.#session = session;
  }

  /** Opens a connection of its own for `use`, which looks at every tenant. */
  static async during<T>(options: InspectionOptions, use: (inspection: EventInspection) => Promise<T>): Promise<T> {
    return InspectionSession.during(options, (session) => use(new EventInspection(session)));
  }

  /** A page of events, newest first. */
  async list(filter: EventFilter, wanted: PageWanted): Promise<EventPage> {
    checkFilter(filter);
    return this.#session.atOneMoment(() => this.#page(filter, wanted));
  }

  /**
   * An event with what it carries; null where there is none. An application may have given its id twice: then it is
   * the newest one, and `isOnlyOne` is false.
   */
  async show(filter: EventFilter & { readonly eventId: string }): Promise<{
    readonly event: InspectedEvent;
    readonly content: EventContent;
    readonly isOnlyOne: boolean;
  } | null> {
    checkFilter(filter);
    return this.#session.atOneMoment(async () => {
      const { events } = await this.#page(filter, { below: null, limit: 2, roundsMax: 1 });
      const [event] = events;
      if (event === undefined) return null;
      const [row] = await this.#session.run(SQL.content, [event.shard, String(event.seq)]);
      return { event, content: eventContent(row!, event), isOnlyOne: events.length === 1 };
    });
  }

  /** Dead letters by fingerprint, the largest group first, and how many groups there are. */
  async deadGroups(
    filter: EventFilter,
    groupsMax: number,
  ): Promise<{ readonly groups: readonly DeadGroup[]; readonly total: number }> {
    checkFilter(filter);
    return this.#session.atOneMoment(async () => {
      const shards = await this.#session.shards(filter.tenantId);
      const { since, until, tenantId, topic, key, dedupeKey, eventId } = filter;
      const filters = [since, until, tenantId, topic, key, dedupeKey, eventId].map((value) => value ?? null);
      const values = [shards.map(({ shard }) => shard), ...filters, groupsMax, NAMES_OF_GROUP];
      const rows = await this.#session.run(SQL.deadGroups, values);
      return { groups: rows.map(deadGroup), total: Number(rows[0]?.groups_total ?? 0) };
    });
  }

  async #page(filter: EventFilter, { below, limit, skip = 0, roundsMax }: PageWanted): Promise<EventPage> {
    const shards = await this.#session.shards(filter.tenantId);
    const found: EventPlace[] = [];
    let nextBelow: bigint | null = below ?? SEQ_MAX;
    for (let round = 0; round < roundsMax && nextBelow !== null && found.length < skip + limit; round += 1) {
      const wanted = { below: nextBelow, limit: skip + limit - found.length };
      const page = await readEventPage(this.#session, shards, filter, wanted);
      found.push(...page.found);
      nextBelow = page.nextBelow;
    }
    // Going on from here would show what was to be left out.
    if (found.length < skip && nextBelow !== null) {
      throw new SidingError(
        "SIDING_USAGE",
        `the first ${skip} are too far apart to be counted: go on by cursor instead`,
      );
    }
    const shown = found.slice(skip);
    const pairs = [shown.map(({ shard }) => shard), shown.map(({ seq }) => String(seq))];
    const rows = shown.length === 0 ? [] : await this.#session.run(SQL.details, pairs);
    return { events: rows.map(inspectedEvent).sort(newestFirst), nextBelow };
  }
}

export function newestFirst(a: InspectedEvent, b: InspectedEvent): number {
  return a.seq > b.seq ? -1 : 1;
}

export function inspectedEvent(row: TextRow): InspectedEvent {
  return {
    eventId: row.event_id!,
    seq: BigInt(row.seq!),
    shard: Number(row.shard),
    tenantId: row.tenant_id!,
    topic: row.topic!,
    key: row.key ?? null,
    dedupeKey: row.dedupe_key!,
    createdAt: row.created_at!,
    status: row.status as EventStatus,
    laneReason: row.lane_reason ?? null,
    attempts: Number(row.attempts),
    lastError: row.last_error ?? null,
    fingerprint: row.fingerprint ?? null,
    deadAt: row.dead_at ?? null,
    bytes: Number(row.bytes),
    contentType: row.content_type ?? null,
  };
}

function eventContent(row: TextRow, { status }: InspectedEvent): EventContent {
  return {
    headers: JSON.parse(row.headers!),
    payloadJson: row.payload_json ?? null,
    payloadBytes: row.payload_base64 == null ? null : Buffer.from(row.payload_base64, "base64"),
    retryAt: status === "dead" ? null : (row.retry_at ?? null),
  };
}

function deadGroup(row: TextRow): DeadGroup {
  return {
    fingerprint: row.fingerprint!,
    events: BigInt(row.events!),
    tenants: JSON.parse(row.tenants!),
    tenantsTotal: Number(row.tenants_total),
    topics: JSON.parse(row.topics!),
    topicsTotal: Number(row.topics_total),
    firstAt: row.first_at!,
    lastAt: row.last_at!,
    sampleError: row.sample_error!,
  };
}
