import type pg from "pg";
import { AS_TEXT, type TextRow, withAdminSession } from "./admin-session.js";
import { asStoreError } from "./connection.js";
import type { Statement } from "./sql-file.js";

/** Runs statements in the role siding_admin, each in a transaction of its own. */
export interface AdminStatements {
  /** @throws SIDING_STORE_*, SIDING_SCHEMA_* */
  run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]>;
}

const STATEMENT_TIMEOUT_MS = 10_000;

/** @param where host:port/database */
export function statementsOn(client: pg.ClientBase, where: string): AdminStatements {
  return {
    run: async ({ text }, values) => {
      const query = { text, values: [...values], types: AS_TEXT };
      return (await asStoreError(where, () => client.query<TextRow>(query))).rows;
    },
  };
}

/** Opens a connection of an operator's command for `use`, and closes it. @throws SIDING_STORE_*, SIDING_SCHEMA_* */
export async function withAdminStatements<T>(
  databaseUrl: string,
  use: (statements: AdminStatements) => Promise<T>,
): Promise<T> {
  const settings = `set statement_timeout = ${STATEMENT_TIMEOUT_MS}`;
  return withAdminSession({ databaseUrl, name: "siding-admin-command", settings }, (client, where) =>
    use(statementsOn(client, where)),
  );
}
