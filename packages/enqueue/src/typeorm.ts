import { notInTransaction } from "./run-statement.js";
import type { SqlAnswer, SqlClient } from "./sql-client.js";

/** The manager that `dataSource.transaction` gives its callback, or a query runner after `startTransaction`. */
export interface TypeOrmTransaction {
  readonly isInitialized?: never;
  readonly isTransactionActive?: boolean;
  readonly queryRunner?: { readonly isTransactionActive: boolean } | undefined;
  query(text: string, parameters: unknown[]): PromiseLike<unknown>;
}

/**
 * Wraps a transaction of TypeORM.
 *
 * ```ts
 * await dataSource.transaction((manager) => enqueue(fromTypeOrm(manager), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromTypeOrm(tx: TypeOrmTransaction): SqlClient {
  if ((tx.queryRunner ?? tx).isTransactionActive !== true) {
    throw notInTransaction("this TypeORM manager", "Pass the one that dataSource.transaction() gives its callback.");
  }
  return { query: (text, values) => tx.query(text, values) as PromiseLike<SqlAnswer> };
}
