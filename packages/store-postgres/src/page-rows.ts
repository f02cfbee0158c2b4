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
export class PageRows {
  readonly #eventsMax: number;
  readonly #late: OutboxEvent[] = [];
  readonly #fresh: OutboxEvent[] = [];
  #head: Row | null = null;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  add(row: Row): void {
    if (this.#head === null) this.#head = row;
    else if (row[IS_LATE] === "1") this.#late.push(parseEvent(row));
    else if (this.#late.length + this.#fresh.length < this.#eventsMax) this.#fresh.push(parseEvent(row));
  }

  /** Once all rows are added. */
  page(skim?: Skim): TimedPage {
    const head = this.#head;
    if (head === null) throw new Error("a page has a first row always");
    const late = this.#late;
    const lateFound = Number(head[IS_LATE]);
    // Cut by events, or by bytes: either way some late rows may have been left behind.
    const lateComplete = lateFound < this.#eventsMax && late.length === lateFound;
    const nowNs = BigInt(head[NOW_US]!) * 1_000n;
    const page = { snapshot: parseSnapshot(head[XID]!), late, lateComplete, fresh: this.#fresh, nowNs };
    return skim === undefined ? page : { ...page, skimmed: skimmedBy(skim, head, page, this.#eventsMax) };
  }
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
    payload: row[PAYLOAD] == null ? Buffer.from(row[PAYLOAD_BYTES]!.slice(2), "hex") : Buffer.from(row[PAYLOAD]),
    bytes: Number(row[BYTES]),
    createdAt: row[CREATED_AT]!,
    attempts: 0,
  };
}
