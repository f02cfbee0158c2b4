import type { EventContent, InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import { createColors } from "picocolors";
import { type Column, printable, renderTable } from "../status/plain-table.js";
import type { TableOptions } from "./print-answer.js";

export interface ListedEvents {
  readonly events: readonly InspectedEvent[];
  /** Opaque; null at the end. */
  readonly nextCursor: string | null;
}

export interface ShownEvent {
  readonly event: InspectedEvent;
  readonly content: EventContent;
}

const COLUMNS: readonly Column[] = [
  { title: "CREATED" },
  { title: "STATUS" },
  { title: "DEDUPE KEY", isElastic: true },
  { title: "KEY", isElastic: true },
  { title: "TOPIC", isElastic: true },
  { title: "TENANT", isElastic: true },
  { title: "TRIES", align: "right" },
  { title: "EVENT" },
];
const HEX_BYTES_MAX = 4_096;
const HEX_BYTES_A_LINE = 32;

/** `-o json` of a list. Names are public and only added to; 64-bit numbers are strings. */
export function renderEventsJson({ events, nextCursor }: ListedEvents): string {
  return `${JSON.stringify({ events: events.map(eventJson), next_cursor: nextCursor }, undefined, 2)}\n`;
}

export function renderEventsTable({ events, nextCursor }: ListedEvents, { width, color }: TableOptions): string {
  const { dim } = createColors(color);
  // Not cut: it has to be copied whole.
  const more = nextCursor === null ? "" : `${dim(`there may be more: --cursor ${nextCursor}`)}\n`;
  if (events.length === 0) return nextCursor === null ? "no such event\n" : `none found so far\n${more}`;
  return renderTable(COLUMNS, events.map(eventRow), width, color) + more;
}

/** `-o json` of one event: as in lists, with what it carries. */
export function renderEventJson({ event, content }: ShownEvent): string {
  const { headers, payloadJson, payloadBytes, retryAt } = content;
  const document = {
    ...eventJson(event),
    retry_at: retryAt,
    headers,
    payload_base64: payloadBytes === null ? null : payloadBytes.toString("base64"),
  };
  // As Postgres wrote it: parsed and printed again its numbers would be rounded.
  const payload = (payloadJson ?? "null").replaceAll("\n", "\n  ");
  return `${JSON.stringify(document, undefined, 2).slice(0, -2)},\n  "payload": ${payload}\n}\n`;
}

export function renderEventTable({ event, content }: ShownEvent, { color }: TableOptions): string {
  const { bold } = createColors(color);
  const fields: [string, string][] = [
    ["event", event.eventId],
    ["status", event.status],
    ["tenant", event.tenantId],
    ["topic", event.topic],
    ["key", event.key ?? "-"],
    ["dedupe key", event.dedupeKey],
    ["created", event.createdAt],
    ["shard/seq", `${event.shard}/${event.seq}`],
    // Lanes hold tenants back one by one; without one an event rides its shard's main line.
    ["lane", "-"],
    ["attempts", String(event.attempts)],
    ["last error", event.lastError ?? "-"],
    ["retry at", content.retryAt ?? "-"],
    ["dead since", event.status === "dead" ? (event.deadAt ?? "-") : "-"],
    ["size", `${event.bytes} bytes`],
    ["content type", event.contentType ?? "-"],
  ];
  const lines = fields.map(([name, value]) => `${bold(name.padEnd(13))} ${printable(value)}`);
  const headers = Object.entries(content.headers).map(([name, value]) => printable(`  ${name}: ${value}`));
  lines.push(bold("headers"), ...(headers.length === 0 ? ["  none"] : headers), bold("payload"), ...payloadOf(content));
  return `${lines.join("\n")}\n`;
}

export function eventJson(event: InspectedEvent): Record<string, unknown> {
  return {
    event_id: event.eventId,
    seq: String(event.seq),
    shard: event.shard,
    tenant_id: event.tenantId,
    topic: event.topic,
    key: event.key,
    dedupe_key: event.dedupeKey,
    created_at: event.createdAt,
    status: event.status,
    lane_reason: null,
    attempts: event.attempts,
    last_error: event.lastError,
    fingerprint: event.fingerprint,
    dead_at: event.deadAt,
    bytes: event.bytes,
    content_type: event.contentType,
  };
}

function eventRow(event: InspectedEvent): string[] {
  const { createdAt, status, dedupeKey, key, topic, tenantId, attempts, eventId } = event;
  // Without a dedupe key the event's id serves, and stands in its own column already.
  return [
    createdAt,
    status,
    dedupeKey === eventId ? "-" : dedupeKey,
    key ?? "-",
    topic,
    tenantId,
    String(attempts),
    eventId,
  ];
}

function payloadOf({ payloadJson, payloadBytes }: EventContent): string[] {
  if (payloadJson !== null) return payloadJson.split("\n").map((line) => `  ${printable(line)}`);
  const hex = payloadBytes!.subarray(0, HEX_BYTES_MAX).toString("hex");
  const lines = hex.match(new RegExp(`.{1,${HEX_BYTES_A_LINE * 2}}`, "g")) ?? [];
  const left = payloadBytes!.length - HEX_BYTES_MAX;
  const more = left > 0 ? [`  and ${left} bytes more; -o json has all of them, in base64`] : [];
  return [...lines.map((line) => `  ${line}`), ...more];
}
