/** What a query answered: node-postgres gives an object with `rows`, most others give the rows themselves. */
export type SqlAnswer = { readonly rows: readonly object[] } | readonly object[];

/** Every value is bound as text, as NULL or as bytes: no client has a say in how JSON or a UUID is written. */
export type SqlValue = string | null | Uint8Array;

/**
 * The one method that enqueueing needs of a database client, which must be inside the caller's transaction: the event
 * is written if and when that transaction commits. A `pg` client fits as it is; for every other client there is a
 * function that wraps its transaction (`fromPostgresJs`, `fromDrizzle`, `fromPrisma`, `fromKnex`, `fromKysely`,
 * `fromTypeOrm`), and for one not in that list, writing this method is all there is to do.
 *
 * ```ts
 * const tx: SqlClient = { query: (text, values) => myTransaction.run(text, values) };
 * ```
 *
 * `query` rejects with whatever the client throws; {@link findEnqueueError} looks inside.
 */
export interface SqlClient {
  /** @param text holds `$1` to `$n`, each once and in rising order */
  query(text: string, values: SqlValue[]): PromiseLike<SqlAnswer>;

  // A pool runs every query on a connection of its choosing, hence outside the caller's transaction: the event would
  // stay when the business change is rolled back. These two properties tell the pools that have this very method.
  /** Refuses `pg.Pool`: take a client from it. */
  readonly totalCount?: never;
  /** Refuses TypeORM's `DataSource`: take the transaction's manager. */
  readonly isInitialized?: never;
}
