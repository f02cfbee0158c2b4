import { eventDocument } from "@siding/admin/server/documents.js";
import { createColors } from "picocolors";
import type { TableOptions } from "../inspect/print-answer.js";
import { printable } from "../status/plain-table.js";
import type { Change } from "./publication-watch.js";

const KIND_WIDTH = "published".length;

/** One line of `siding tail -o json`. Names are public and only added to. @param seenAt RFC 3339 */
export function renderChangeJson({ kind, event }: Change, seenAt: string): string {
  return `${JSON.stringify({ kind, seen_at: seenAt, ...eventDocument(event) })}\n`;
}

/** One line, cut where a terminal is too narrow for it. @param seenAt RFC 3339 */
export function renderChangeLine({ kind, event }: Change, seenAt: string, { width, color }: TableOptions): string {
  const { red, yellow, green, dim } = createColors(color);
  const paint = { enqueued: (text: string) => text, refused: yellow, published: green, dead: red }[kind];
  const { tenantId, topic, key, dedupeKey, eventId, attempts, lastError } = event;
  // An event is enqueued when it was created, and the rest happened just before it was seen.
  const time = (kind === "enqueued" ? event.createdAt : seenAt).slice(11, 23);
  const said = dedupeKey === eventId ? (key ?? "") : (key ?? dedupeKey);
  const why = kind === "refused" || kind === "dead" ? `${attempts} attempts: ${lastError}` : "";
  const rest = printable([eventId, tenantId, topic, said, why].filter((part) => part !== "").join("  "));
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(1, width - time.length - KIND_WIDTH - 4);
  const letters = [...rest];
  const shown = letters.length > room ? `${letters.slice(0, room - 1).join("")}…` : rest;
  return `${dim(time)}  ${paint(kind.padEnd(KIND_WIDTH))}  ${shown}\n`;
}
