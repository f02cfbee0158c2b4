import type { Page, Skim, Skimmed } from "@siding/core/cursor/page.js";
import { parseSnapshot } from "@siding/core/cursor/snapshot.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { TimedPage } from "@siding/core/ports/store.js";
import type { Row } from "./connection.js";

/** Columns of read-plain-page.sql and read-window-page.sql, by place. */
const SEQ = 0;
const XID = 1;
const EVENT_ID = 2;
const TENANT_ID = 3;
const DEDUPE_KEY = 4;
const TOPIC = 5;
const KEY = 6;
const HEADERS = 7;
const PAYLOAD = 8;
const PAYLOAD_BYTES = 9;
const BYTES = 10;
const CREATED_AT = 11;
export const IS_LATE = 12;
/** Of a page's first row. */
const NOW_US = 2;
const LOOKED_THROUGH = 3;
const LOOKED = 4;
const FRESH_FOUND = 5;

/** The page out of its rows; the first one carries the snapshot, the time and the number of late rows up to the limit. */
export function parsePage(rows: readonly Row[], eventsMax: number, skim?: Skim): TimedPage {
  const head = rows[0];
  if (head === undefined) throw new Error("a page has a first row always");
  const late: OutboxEvent[] = [];
  const fresh: OutboxEvent[] = [];
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i]!;
    if (row[IS_LATE] === "1") late.push(parseEvent(row));
    else if (late.length + fresh.length < eventsMax) fresh.push(parseEvent(row));
  }
  const lateFound = Number(head[IS_LATE]);
  // Cut by events, or by bytes: either way some late rows may have been left behind.
  const lateComplete = lateFound < eventsMax && late.length === lateFound;
  const nowNs = BigInt(head[NOW_US]!) * 1_000n;
  const page = { snapshot: parseSnapshot(head[XID]!), late, lateComplete, fresh, nowNs };
  return skim === undefined ? page : { ...page, skimmed: skimmedBy(skim, head, page, eventsMax) };
}

function skimmedBy({ tenants, look }: Skim, head: Row, { lateComplete, fresh }: Page, eventsMax: number): Skimmed {
  const found = Number(head[FRESH_FOUND]);
  if (!lateComplete || fresh.length < found || found >= eventsMax) return { tenants, through: null, isToEnd: false };
  const through = head[LOOKED_THROUGH];
  return { tenants, through: through == null ? null : BigInt(through), isToEnd: Number(head[LOOKED]) < look };
}

export function parseEvent(row: Row): OutboxEvent {
  const eventId = row[EVENT_ID]!;
  return {
    seq: BigInt(row[SEQ]!),
    xid: BigInt(row[XID]!),
    eventId,
    tenantId: row[TENANT_ID]!,
    dedupeKey: row[DEDUPE_KEY] ?? eventId,
    topic: row[TOPIC]!,
    key: row[KEY] ?? null,
    headers: row[HEADERS] === null ? null : JSON.parse(row[HEADERS]!),
    payload: row[PAYLOAD] ?? Buffer.from(row[PAYLOAD_BYTES]!.slice(2), "hex"),
    bytes: Number(row[BYTES]),
    createdAt: rfc3339(row[CREATED_AT]!),
    attempts: 0,
  };
}

/** `2026-11-23 20:00:00.1+00`, as Postgres writes it in ISO style and UTC, with milliseconds as RFC 3339 has them. */
export function rfc3339(timestamptz: string): string {
  const fraction = timestamptz.slice(19, -3);
  return `${timestamptz.slice(0, 10)}T${timestamptz.slice(11, 19)}.${fraction.slice(1, 4).padEnd(3, "0")}Z`;
}
