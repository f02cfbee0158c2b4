import { isVisible, type Snapshot } from "./snapshot.js";

/**
 * How far a line has read the log (design §2).
 *
 * Plain, `(p, S, nx)`: consumed is what has `seq <= p` and is visible in S.
 * Window, `(p, S, nx, q, H)`: late rows alone filled a page, so consumed is also what has `seq <= q` and is visible
 * in H; q < p, and H stays fixed until the late rows below p are through.
 *
 * nx was assigned after its snapshot was taken. A row's xid is drawn before its seq, so every row with `seq <= p` has
 * `xid < nx`: nx bounds the search for late rows, however old the cursor grows. It is null while no transaction has
 * been assigned yet; then the reader's own snapshot bounds the search.
 */
export type Cursor = PlainCursor | WindowCursor;

export interface PlainCursor {
  readonly form: "plain";
  readonly position: bigint;
  readonly snapshot: Snapshot;
  readonly nextXid: bigint | null;
}

export interface WindowCursor {
  readonly form: "window";
  readonly position: bigint;
  readonly snapshot: Snapshot;
  readonly nextXid: bigint | null;
  readonly windowPosition: bigint;
  readonly windowSnapshot: Snapshot;
  readonly windowNextXid: bigint | null;
}

/** What identifies a row to a cursor. */
export interface LogPlace {
  readonly seq: bigint;
  readonly xid: bigint;
}

/** Whether the line has consumed the row. The SQL twin is siding.is_consumed(). */
export function isConsumed(cursor: Cursor, row: LogPlace): boolean {
  if (row.seq <= cursor.position && isVisible(row.xid, cursor.snapshot)) return true;
  return cursor.form === "window" && row.seq <= cursor.windowPosition && isVisible(row.xid, cursor.windowSnapshot);
}

/**
 * The cursor once its nx is known: the xid of the transaction that stores it, assigned after the page's snapshot.
 * A number that is known already stays, since the older one bounds the search more tightly and is as true.
 */
export function withNextXid(cursor: Cursor, xid: bigint): Cursor {
  if (cursor.form === "plain") return cursor.nextXid === null ? { ...cursor, nextXid: xid } : cursor;
  return {
    ...cursor,
    nextXid: cursor.nextXid ?? xid,
    windowNextXid: cursor.windowNextXid ?? xid,
  };
}
