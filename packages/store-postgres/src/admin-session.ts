import { SidingError } from "@siding/core/errors.js";
import pg from "pg";
import { describeServer } from "./connection.js";

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A connection of an operator's command, in the role siding_admin.
 * @throws what pg throws, and SIDING_STORE_PRIVILEGE for a user who is no member of siding_admin
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
    await becomeAdmin(client, describeServer(databaseUrl));
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function becomeAdmin(client: pg.Client, server: string): Promise<void> {
  try {
    await client.query("set role siding_admin");
  } catch (error) {
    const code = (error as { code?: string }).code;
    // 22023 is what SET ROLE says of a role that does not exist: nothing was migrated on this server.
    if (code === "22023") {
      throw new SidingError("SIDING_SCHEMA_MISSING", `the database at ${server} has no role siding_admin`, {
        cause: error,
      });
    }
    if (code !== "42501") throw error;
    const message = `Postgres at ${server}: user "${client.user}" is no member of siding_admin, which this command acts as`;
    throw new SidingError("SIDING_STORE_PRIVILEGE", message, { cause: error });
  }
}

/** Every value as text: a bigint must not become a number on the way. */
export const AS_TEXT = { getTypeParser: () => (value: string) => value };
export type TextRow = Readonly<Record<string, string | null>>;
