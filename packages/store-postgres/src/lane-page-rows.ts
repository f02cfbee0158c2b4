import type { PlainCursor } from "@siding/core/cursor/cursor.js";
import { formatSnapshot } from "@siding/core/cursor/snapshot.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { LanePage } from "@siding/core/lane/lane-page.js";
import type { LaneRequest } from "@siding/core/ports/store.js";
import type { Row } from "./connection.js";
import { IS_LATE, parseEvent } from "./page-rows.js";

/** Columns of read-lane-pages.sql, by place; those of an event are a page's. */
const LATE_FOUND = 10;
const FRESH_FOUND = 11;
const PLACE = 13;
const SEQ = 0;

export function lanePageValues(shard: number, main: PlainCursor, requests: readonly LaneRequest[]): unknown[] {
  const column = <T>(read: (request: LaneRequest) => T): T[] => requests.map(read);
  const text = (value: bigint | null): string | null => (value === null ? null : String(value));
  const windowOf = ({ lane: { cursor } }: LaneRequest) => (cursor.form === "window" ? cursor : null);
  return [
    shard,
    String(main.position),
    formatSnapshot(main.snapshot),
    column(({ lane }) => lane.filter.tenantId),
    column(({ lane }) => lane.filter.topic),
    column(({ lane }) => lane.filter.key),
    column(({ lane }) => text(lane.filter.seq)),
    column(({ lane }) => String(lane.cursor.position)),
    column(({ lane }) => formatSnapshot(lane.cursor.snapshot)),
    column(({ lane }) => text(lane.cursor.nextXid)),
    column((request) => text(windowOf(request)?.windowPosition ?? null)),
    column((request) => {
      const window = windowOf(request);
      return window === null ? null : formatSnapshot(window.windowSnapshot);
    }),
    column(({ limits }) => limits.events),
    column(({ limits }) => limits.bytes),
  ];
}

/** The pages out of the statement's rows, in the order asked for. */
export function parseLanePages(
  rows: readonly Row[],
  main: PlainCursor,
  requests: readonly LaneRequest[],
): LanePage<OutboxEvent>[] {
  const found = requests.map(() => ({
    late: [] as OutboxEvent[],
    fresh: [] as OutboxEvent[],
    lateFound: 0,
    freshFound: 0,
  }));
  for (const row of rows) {
    const lane = found[Number(row[PLACE]) - 1]!;
    if (row[SEQ] === null) {
      lane.lateFound = Number(row[LATE_FOUND]);
      lane.freshFound = Number(row[FRESH_FOUND]);
    } else if (row[IS_LATE] === "1") lane.late.push(parseEvent(row));
    else lane.fresh.push(parseEvent(row));
  }
  return found.map(({ late, fresh, lateFound, freshFound }, index) => {
    const { lane, limits } = requests[index]!;
    const kept = fresh.slice(0, Math.max(0, limits.events - late.length));
    // Cut by events, or by bytes: either way some rows may have been left behind.
    const lateComplete = lateFound < limits.events && late.length === lateFound;
    const isToEnd =
      lane.cursor.form === "plain" && lateComplete && freshFound < limits.events && kept.length === freshFound;
    return { snapshot: main.snapshot, late, lateComplete, fresh: kept, isToEnd };
  });
}
