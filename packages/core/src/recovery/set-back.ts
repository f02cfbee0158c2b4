import type { Cursor, PlainCursor } from "../cursor/cursor.js";
import type { Snapshot } from "../cursor/snapshot.js";
import { invariant } from "../invariant.js";

/**
 * A cursor that has not consumed the row firstOwed any more, nor any above it. What it has consumed is a part of what
 * the cursor given had: the snapshot stays, and with it nx, which bounds what lies at or below any lower position too.
 * Rows that are to stay consumed all the same have to be listed as already published.
 */
export function setBack(cursor: Cursor, firstOwed: bigint | null): Cursor {
  if (firstOwed === null) return cursor;
  invariant(firstOwed <= cursor.position, "a cursor is set back to a row that it has consumed", { firstOwed, cursor });
  return { form: "plain", position: firstOwed - 1n, snapshot: cursor.snapshot, nextXid: cursor.nextXid };
}

/**
 * A cursor for a log that was carried to another server, where the old snapshots mean nothing (design §4): every row
 * that is there now lies before the new snapshot, so the position alone divides what is consumed from what is owed.
 * nx is null: it is the xid of the transaction that stores the cursor.
 * @param lastSeq the highest seq of the shard, or its old position where that is higher
 */
export function rebased(firstOwed: bigint | null, lastSeq: bigint, snapshot: Snapshot): PlainCursor {
  return { form: "plain", position: (firstOwed ?? lastSeq + 1n) - 1n, snapshot, nextXid: null };
}
