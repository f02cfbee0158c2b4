import { notInTransaction } from "./run-statement.js";
import type { SqlAnswer, SqlClient } from "./sql-client.js";
import { splitAtPlaceholders } from "./statement.js";

/** What `db.transaction` gives its callback, over any Postgres driver. `rollback` is what `db` itself lacks. */
export interface DrizzleTransaction<Query> {
  readonly rollback: object;
  execute(query: Query): PromiseLike<SqlAnswer>;
}

/**
 * Wraps a transaction of Drizzle. It takes Drizzle's own `sql` along, since that alone makes a query with values.
 *
 * ```ts
 * import { sql } from "drizzle-orm";
 * await db.transaction((tx) => enqueue(fromDrizzle(tx, sql), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromDrizzle<Query>(
  tx: DrizzleTransaction<Query>,
  sql: (strings: TemplateStringsArray, ...values: unknown[]) => Query,
): SqlClient {
  if (typeof tx.rollback !== "function") {
    throw notInTransaction("Drizzle's db", "Pass what db.transaction() gives its callback.");
  }
  return {
    query(text, values) {
      const strings = splitAtPlaceholders(text);
      return tx.execute(sql(Object.assign([...strings], { raw: strings }), ...values));
    },
  };
}
