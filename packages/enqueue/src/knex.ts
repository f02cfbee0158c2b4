import { notInTransaction } from "./run-statement.js";
import type { SqlAnswer, SqlClient } from "./sql-client.js";
import { splitAtPlaceholders } from "./statement.js";

/** What `knex.transaction` gives. `commit` is what `knex` itself lacks. */
export interface KnexTransaction {
  readonly commit: object;
  raw(sql: string, bindings: unknown[]): PromiseLike<unknown>;
}

/**
 * Wraps a transaction of Knex.
 *
 * ```ts
 * await knex.transaction((trx) => enqueue(fromKnex(trx), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromKnex(trx: KnexTransaction): SqlClient {
  if (typeof trx.commit !== "function") {
    throw notInTransaction("knex", "Pass what knex.transaction() gives its callback.");
  }
  return { query: (text, values) => trx.raw(splitAtPlaceholders(text).join("?"), values) as PromiseLike<SqlAnswer> };
}
