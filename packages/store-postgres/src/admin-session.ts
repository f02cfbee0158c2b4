import pg from "pg";
import { becomeRole } from "./become-role.js";
import { describeServer, storeError } from "./connection.js";

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A connection of an operator's command, in the role siding_admin.
 * @throws what pg throws, and what {@link becomeRole} throws
 */
export async function openAdminSession(databaseUrl: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: name,
  });
  client.on("error", () => {}); // said again by the query that it breaks
  try {
    await client.connect();
    await becomeRole(client, "siding_admin", describeServer(databaseUrl));
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/**
 * Opens a connection of an operator's command for `use`, and closes it.
 * @param settings one `set` statement or several
 * @param use is given host:port/database with it
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*
 */
export async function withAdminSession<T>(
  { databaseUrl, name, settings }: { readonly databaseUrl: string; readonly name: string; readonly settings: string },
  use: (client: pg.Client, where: string) => Promise<T>,
): Promise<T> {
  const where = describeServer(databaseUrl);
  let client: pg.Client | null = null;
  try {
    client = await openAdminSession(databaseUrl, name);
    await client.query(settings);
    return await use(client, where);
  } catch (error) {
    throw storeError(error, where);
  } finally {
    await client?.end().catch(() => {});
  }
}

/** Every value as text: a bigint must not become a number on the way. */
export const AS_TEXT = { getTypeParser: () => (value: string) => value };
export type TextRow = Readonly<Record<string, string | null>>;
