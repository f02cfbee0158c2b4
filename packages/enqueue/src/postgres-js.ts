import { notInTransaction } from "./run-statement.js";
import type { SqlClient, SqlValue } from "./sql-client.js";

/** What `sql.begin` gives its callback. `savepoint` is what `sql` itself lacks. */
export interface PostgresJsTransaction {
  readonly savepoint: object;
  unsafe(query: string, parameters: SqlValue[]): PromiseLike<readonly object[]>;
}

/**
 * Wraps a transaction of postgres.js.
 *
 * ```ts
 * await sql.begin((tx) => enqueue(fromPostgresJs(tx), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromPostgresJs(tx: PostgresJsTransaction): SqlClient {
  if (typeof tx.savepoint !== "function") {
    throw notInTransaction("postgres.js's sql", "Pass what sql.begin() gives its callback.");
  }
  return { query: (text, values) => tx.unsafe(text, values) };
}
