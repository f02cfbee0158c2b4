import { type Static, Type } from "typebox";
import { nextCursor, paging } from "./paging.js";
import { int64, only, orNull, text, time, uuid } from "./text.js";

export const EventStatus = Type.Union([Type.Literal("pending"), Type.Literal("published"), Type.Literal("dead")]);

/** Names are public and only added to. */
const eventFields = {
  event_id: uuid(),
  seq: int64(),
  shard: Type.Integer(),
  tenant_id: Type.String(),
  topic: Type.String(),
  key: orNull(Type.String()),
  dedupe_key: Type.String(),
  created_at: time(),
  status: EventStatus,
  lane_reason: orNull(Type.String()),
  attempts: Type.Integer(),
  last_error: orNull(Type.String()),
  fingerprint: orNull(Type.String({ description: "the same for dead letters of one cause" })),
  dead_at: orNull(time()),
  bytes: Type.Integer({ description: "payload, headers and key together" }),
  content_type: orNull(Type.String()),
};

export const Event = only(eventFields);
export type Event = Static<typeof Event>;

export const EventPage = only({ events: Type.Array(Event), next_cursor: nextCursor });
export type EventPage = Static<typeof EventPage>;

/** An event with what it carries. */
export const EventDetail = only({
  ...eventFields,
  retry_at: orNull(time()),
  is_only_one: Type.Boolean({
    description: "false where an application gave several events this id: it is the newest",
  }),
  payload_hidden: Type.Boolean({ description: "whether headers and payload are kept from this token" }),
  headers: orNull(Type.Record(Type.String(), Type.String())),
  payload_base64: orNull(Type.String({ description: "a payload of bytes" })),
  payload: Type.Unknown({ description: "a payload of JSON, its numbers as they were enqueued" }),
});
export type EventDetail = Static<typeof EventDetail>;

/** An event with what it carries, its payload as the text that Postgres wrote: parsed, its numbers would be rounded. */
export interface EventDetailText {
  readonly document: Omit<EventDetail, "payload">;
  /** JSON, laid out. */
  readonly payload: string;
}

const filters = {
  tenant: Type.Optional(text(255, "events of this tenant; a token that is bound to several has to name one")),
  topic: Type.Optional(text(249)),
  since: Type.Optional(time("created at or after")),
  until: Type.Optional(time("created before")),
  key: Type.Optional(text(2_048, "the ordering key")),
  dedupe_key: Type.Optional(text(512)),
  id: Type.Optional(uuid("the event with this id")),
};

export const EventQuery = only({ ...filters, status: Type.Optional(EventStatus), ...paging });
export type EventQuery = Static<typeof EventQuery>;

export const DeadLetterQuery = only({ ...filters, ...paging });
export type DeadLetterQuery = Static<typeof DeadLetterQuery>;

export const DeadCauseQuery = only({ ...filters, limit: paging.limit });
export type DeadCauseQuery = Static<typeof DeadCauseQuery>;

export const EventDetailQuery = only({ tenant: filters.tenant, status: Type.Optional(EventStatus) });
export type EventDetailQuery = Static<typeof EventDetailQuery>;

/** Dead letters of one cause. */
export const DeadCause = only({
  fingerprint: Type.String(),
  count: int64(),
  tenants: Type.Array(Type.String(), { description: "the first few" }),
  tenants_total: Type.Integer(),
  topics: Type.Array(Type.String(), { description: "the first few" }),
  topics_total: Type.Integer(),
  first_created_at: time(),
  last_created_at: time(),
  sample_error: Type.String(),
});
export type DeadCause = Static<typeof DeadCause>;

export const DeadCauses = only({ groups: Type.Array(DeadCause), groups_total: Type.Integer() });
export type DeadCauses = Static<typeof DeadCauses>;
