import { SidingError } from "@siding/core/errors.js";
import type pg from "pg";

/** What a command does its work as; every user of Siding is a member of the one that it needs. */
export type SidingRole = "siding_relay" | "siding_admin";

const NO_SUCH_ROLE = "22023";
const NOT_A_MEMBER = "42501";

/**
 * Takes the role on for the rest of the session, so that a command has its rights and no others.
 * @param where host:port/database
 * @throws SIDING_SCHEMA_MISSING where nobody has made the role, SIDING_STORE_PRIVILEGE naming role and user where the
 * user is no member of it
 */
export async function becomeRole(
  client: pg.ClientBase & { user?: string | undefined },
  role: SidingRole,
  where: string,
): Promise<void> {
  try {
    await client.query(`set role ${role}`);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === NO_SUCH_ROLE) {
      const message = `the database at ${where} has no role ${role}`;
      throw new SidingError("SIDING_SCHEMA_MISSING", message, { cause: error });
    }
    if (code !== NOT_A_MEMBER) throw error;
    const message = `Postgres at ${where}: user "${client.user ?? ""}" is no member of ${role}`;
    throw new SidingError("SIDING_STORE_PRIVILEGE", message, { cause: error });
  }
}
