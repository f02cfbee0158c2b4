import { invariant } from "../invariant.js";
import type { Cursor, LogPlace } from "./cursor.js";
import type { Snapshot } from "./snapshot.js";

export interface PageLimits {
  readonly events: number;
  /** The page ends after the event with which it reaches this many bytes, so it holds one at least. */
  readonly bytes: number;
}

/** What a page of the main line leaves out, so that the line need not read it to pass it. */
export interface Skim {
  /** Tenants with lanes of their own: none of their rows may ride the main line. */
  readonly tenants: ReadonlySet<string>;
  /** Rows that are looked through at most; above 0. */
  readonly look: number;
}

/** How far a page that left tenants out has come. */
export interface Skimmed {
  readonly tenants: ReadonlySet<string>;
  /** What is fresh up to here was looked through; null: the page was cut before, at its last row. */
  readonly through: bigint | null;
  /** Whether nothing lies behind it. */
  readonly isToEnd: boolean;
}

/**
 * What one read found behind a cursor, all from one snapshot.
 * late: rows at or below the cursor's position whose transaction ended after the cursor passed them, in seq order.
 * fresh: rows above the position, in seq order.
 * Each list may be cut at a limit; lateComplete says that the late one was not.
 */
export interface Page<Row extends LogPlace = LogPlace> {
  readonly snapshot: Snapshot;
  readonly late: readonly Row[];
  readonly lateComplete: boolean;
  readonly fresh: readonly Row[];
  /** Where it was asked for. Late rows are never left out. */
  readonly skimmed?: Skimmed;
}

/** Rows in the order in which they are published: seq order. Fresh rows wait until every late row is through. */
export function rowsOf<Row extends LogPlace>(page: Page<Row>): readonly Row[] {
  if (page.late.length === 0) return page.fresh;
  return page.lateComplete ? [...page.late, ...page.fresh] : page.late;
}

/** Whether the page came to one of its limits, so that more lies behind it. */
export function isFilled(page: Page<LogPlace & { readonly bytes: number }>, limits: PageLimits): boolean {
  const { late, fresh, lateComplete, skimmed } = page;
  if (skimmed !== undefined) return !skimmed.isToEnd;
  if (!lateComplete || late.length + fresh.length >= limits.events) return true;
  const bytesOf = (rows: readonly { readonly bytes: number }[]): number =>
    rows.reduce((sum, row) => sum + row.bytes, 0);
  return bytesOf(late) + bytesOf(fresh) >= limits.bytes;
}

/**
 * The cursor after the first `taken` rows of the page have been dealt with, exactly those and no others.
 * In window form a reader sees the log as the window's snapshot H does, so page.snapshot is not used there.
 */
export function advance(cursor: Cursor, page: Page, taken: number): Cursor {
  const rows = rowsOf(page);
  invariant(taken >= 0 && taken <= rows.length, "I1 a cursor advances over rows that were read", { taken });
  const throughLate = page.lateComplete && taken >= page.late.length;

  if (cursor.form === "window") {
    invariant(page.fresh.length === 0, "I2 a window reads late rows only");
    if (throughLate) {
      // The window closes: H takes S's place, since below p all that H sees is consumed now.
      return {
        form: "plain",
        position: cursor.position,
        snapshot: cursor.windowSnapshot,
        nextXid: cursor.windowNextXid,
      };
    }
    const last = rows[taken - 1];
    return last === undefined ? cursor : { ...cursor, windowPosition: last.seq };
  }

  if (throughLate) {
    const lastSeq = rows[taken - 1]?.seq ?? cursor.position;
    const reached = taken === rows.length ? (page.skimmed?.through ?? lastSeq) : lastSeq;
    const position = reached > cursor.position ? reached : cursor.position;
    return { form: "plain", position, snapshot: page.snapshot, nextXid: null };
  }
  const last = rows[taken - 1];
  if (last === undefined) return cursor;
  return {
    form: "window",
    position: cursor.position,
    snapshot: cursor.snapshot,
    nextXid: cursor.nextXid,
    windowPosition: last.seq,
    windowSnapshot: page.snapshot,
    windowNextXid: null,
  };
}
