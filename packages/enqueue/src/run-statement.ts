import { EnqueueError } from "./enqueue-error.js";
import type { Enqueued } from "./event.js";
import { findEnqueueError } from "./find-enqueue-error.js";
import type { SqlClient } from "./sql-client.js";
import type { Statement } from "./statement.js";

/** Sends one statement and reads one answer for each of the events in it. */
export async function runStatement(tx: SqlClient, statement: Statement, eventCount: number): Promise<Enqueued[]> {
  refusePool(tx);
  let answer: unknown;
  try {
    answer = await tx.query(statement.text, statement.values);
  } catch (error) {
    throw findEnqueueError(error) ?? error;
  }
  const rows = Array.isArray(answer) ? answer : (answer as { rows?: unknown } | undefined)?.rows;
  if (!Array.isArray(rows) || rows.length !== eventCount) {
    // An invariant of the SQL functions; where it breaks, committing would hide that events are missing.
    const seen = Array.isArray(rows) ? `${rows.length} rows` : "no rows";
    throw new Error(`enqueueing ${eventCount} events answered ${seen}: roll this transaction back`);
  }
  return rows.map(readEnqueued);
}

/** The types refuse these two already; this is for callers without types. */
function refusePool(tx: object): void {
  if ("totalCount" in tx) throw notInTransaction("a pg.Pool", "Pass a client from pool.connect(), after its BEGIN.");
  if ("isInitialized" in tx) {
    throw notInTransaction("a TypeORM DataSource", "Pass fromTypeOrm(manager), inside dataSource.transaction().");
  }
}

/** Without the caller's transaction the event would stay when the business change is rolled back. */
export function notInTransaction(what: string, hint: string): EnqueueError {
  return new EnqueueError("SD001", `${what} is not a transaction`, { hint });
}

/** Columns have one-word names, so that no client's renaming (camel case, say) can change them. */
function readEnqueued(row: { id: string; seq: string; duplicate: boolean }): Enqueued {
  return { eventId: row.id, seq: BigInt(row.seq), duplicate: row.duplicate };
}
