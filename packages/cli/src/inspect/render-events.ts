import type { Event, EventDetailText, EventPage } from "@siding/admin/api/event.js";
import { eventDetailJson } from "@siding/admin/server/event-detail.js";
import { createColors } from "picocolors";
import { type Column, printable, renderTable } from "../status/plain-table.js";
import type { Answer, TableOptions } from "./print-answer.js";

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
/** Said of what the token has no right to. */
const HIDDEN = "  hidden from this token";
const HEX_BYTES_MAX = 4_096;
const HEX_BYTES_A_LINE = 32;

/** A page of events. */
export function eventsAnswer(page: EventPage): Answer {
  return {
    json: () => `${JSON.stringify(page, undefined, 2)}\n`,
    table: (options) => renderEventsTable(page, options),
  };
}

/** One event with what it carries. */
export function shownAnswer(shown: EventDetailText): Answer {
  if (!shown.document.is_only_one) process.stderr.write("several events have this id: this is the newest\n");
  return { json: () => eventDetailJson(shown), table: (options) => renderEventTable(shown, options) };
}

function renderEventsTable({ events, next_cursor: nextCursor }: EventPage, { width, color }: TableOptions): string {
  const { dim } = createColors(color);
  // Not cut: it has to be copied whole.
  const more = nextCursor === null ? "" : `${dim(`there may be more: --cursor ${nextCursor}`)}\n`;
  if (events.length === 0) return nextCursor === null ? "no such event\n" : `none found so far\n${more}`;
  return renderTable(COLUMNS, events.map(eventRow), width, color) + more;
}

function renderEventTable(shown: EventDetailText, { color }: TableOptions): string {
  const event = shown.document;
  const { bold } = createColors(color);
  const fields: [string, string][] = [
    ["event", event.event_id],
    ["status", event.status],
    ["tenant", event.tenant_id],
    ["topic", event.topic],
    ["key", event.key ?? "-"],
    ["dedupe key", event.dedupe_key],
    ["created", event.created_at],
    ["shard/seq", `${event.shard}/${event.seq}`],
    ["lane", event.lane_reason ?? "-"],
    ["attempts", String(event.attempts)],
    ["last error", event.last_error ?? "-"],
    ["retry at", event.retry_at ?? "-"],
    ["dead since", event.status === "dead" ? (event.dead_at ?? "-") : "-"],
    ["size", `${event.bytes} bytes`],
    ["content type", event.content_type ?? "-"],
  ];
  const lines = fields.map(([name, value]) => `${bold(name.padEnd(13))} ${printable(value)}`);
  const headers = Object.entries(event.headers ?? {}).map(([name, value]) => printable(`  ${name}: ${value}`));
  lines.push(
    bold("headers"),
    ...(headers.length === 0 ? [event.headers === null ? HIDDEN : "  none"] : headers),
    bold("payload"),
    ...payloadOf(shown),
  );
  return `${lines.join("\n")}\n`;
}

function eventRow({ created_at, status, dedupe_key, key, topic, tenant_id, attempts, event_id }: Event): string[] {
  // Without a dedupe key the event's id serves, and stands in its own column already.
  const dedupe = dedupe_key === event_id ? "-" : dedupe_key;
  return [created_at, status, dedupe, key ?? "-", topic, tenant_id, String(attempts), event_id];
}

function payloadOf({ document, payload }: EventDetailText): string[] {
  if (document.payload_hidden) return [HIDDEN];
  if (document.payload_base64 === null) return payload.split("\n").map((line) => `  ${printable(line)}`);
  const bytes = Buffer.from(document.payload_base64, "base64");
  const hex = bytes.subarray(0, HEX_BYTES_MAX).toString("hex");
  const lines = hex.match(new RegExp(`.{1,${HEX_BYTES_A_LINE * 2}}`, "g")) ?? [];
  const left = bytes.length - HEX_BYTES_MAX;
  const more = left > 0 ? [`  and ${left} bytes more; -o json has all of them, in base64`] : [];
  return [...lines.map((line) => `  ${line}`), ...more];
}
