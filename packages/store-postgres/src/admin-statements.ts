import type pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, storeError } from "./connection.js";
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
      try {
        return (await client.query<TextRow>({ text, values: [...values], types: AS_TEXT })).rows;
      } catch (error) {
        throw storeError(error, where);
      }
    },
  };
}

/** Opens a connection of an operator's command for `use`, and closes it. @throws SIDING_STORE_*, SIDING_SCHEMA_* */
export async function withAdminStatements<T>(
  databaseUrl: string,
  use: (statements: AdminStatements) => Promise<T>,
): Promise<T> {
  const where = describeServer(databaseUrl);
  let client: pg.Client | null = null;
  try {
    client = await openAdminSession(databaseUrl, "siding-admin-command");
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    return await use(statementsOn(client, where));
  } catch (error) {
    throw storeError(error, where);
  } finally {
    await client?.end().catch(() => {});
  }
}
