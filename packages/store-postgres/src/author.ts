import type { AdminRole } from "./admin-tokens.js";

/** Who changes something, and why: recorded with the change. */
export interface Author {
  readonly actor: string;
  /** Of the token; `database` for whoever came with rights in the database itself. */
  readonly role: AdminRole | "database";
  readonly reason: string;
}
