import { notInTransaction } from "./run-statement.js";
import type { SqlClient } from "./sql-client.js";

/** A query as Kysely's executor takes it: the same that its `CompiledQuery.raw` makes. */
interface RawQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly query: {
    readonly kind: "RawNode";
    readonly sqlFragments: readonly string[];
    readonly parameters: readonly [];
  };
  readonly queryId: { readonly queryId: string };
}

/** What `db.transaction().execute` gives its callback, or a controlled transaction. */
export interface KyselyTransaction {
  readonly isTransaction: true;
  executeQuery(query: RawQuery): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/**
 * Wraps a transaction of Kysely.
 *
 * ```ts
 * await db.transaction().execute((trx) => enqueue(fromKysely(trx), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromKysely(trx: KyselyTransaction): SqlClient {
  if (trx.isTransaction !== true) {
    throw notInTransaction("Kysely's db", "Pass what db.transaction().execute() gives its callback.");
  }
  return {
    async query(text, values) {
      const query = { kind: "RawNode", sqlFragments: [text], parameters: [] } as const;
      // Plugins keep what they know of a query under this object, so each query gets one of its own.
      const queryId = { queryId: "siding-enqueue" };
      const { rows } = await trx.executeQuery({ sql: text, parameters: values, query, queryId });
      return { rows: rows as readonly object[] };
    },
  };
}
