import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { TextRow } from "./admin-session.js";
import type { AdminStatements } from "./admin-statements.js";
import type { Author } from "./author.js";
import { statement } from "./sql-file.js";

/** From the least to the most. */
export const ADMIN_ROLES = ["viewer", "operator", "admin"] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** What a token allows. */
export interface TokenGrant {
  readonly name: string;
  readonly role: AdminRole;
  /** Those that it is bound to; null for every tenant. */
  readonly tenants: readonly string[] | null;
  readonly maySeePayload: boolean;
}

export interface TokenWanted extends TokenGrant {
  /** RFC 3339; null for one that holds until it is revoked. */
  readonly expiresAt: string | null;
}

/** A token as lists show it. Times are RFC 3339, UTC. */
export interface ListedToken extends TokenWanted {
  readonly prefix: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly state: "valid" | "expired" | "revoked";
}

/** Who holds a token that holds. */
export interface TokenHolder extends TokenGrant {
  readonly prefix: string;
}

const SQL = {
  any: statement("token-any"),
  create: statement("token-create"),
  find: statement("token-find"),
  list: statement("token-list"),
  revoke: statement("token-revoke"),
};

/** `siding_`, its public name, and 256 random bits. */
const TOKEN = /^siding_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const PREFIX_BYTES = 6;
const SECRET_BYTES = 32;
/** Compared with where there is no such token, so that the time tells nothing about which ones there are. */
const NOBODY = Buffer.alloc(32);

/** Tokens of the admin API: hashed at rest, and each change of them recorded. @throws SIDING_STORE_* from every method */
export class AdminTokens {
  readonly #statements: AdminStatements;

  constructor(statements: AdminStatements) {
    this.#statements = statements;
  }

  /** Whether a token was ever made, and whether one holds now. */
  async inventory(): Promise<{ readonly isMade: boolean; readonly isUsable: boolean }> {
    const [row] = await this.#statements.run(SQL.any, []);
    return { isMade: row!.is_made === "true", isUsable: row!.is_usable === "true" };
  }

  /** Whose token it is; null for one that is unknown, expired or revoked: which of them is nobody's business outside. */
  async holderOf(token: string): Promise<TokenHolder | null> {
    const [, prefix, secret] = TOKEN.exec(token) ?? [];
    if (prefix === undefined || secret === undefined) return null;
    const [row] = await this.#statements.run(SQL.find, [prefix]);
    const known = row === undefined ? NOBODY : Buffer.from(row.secret_sha256!, "hex");
    const isRight = timingSafeEqual(sha256(token), known);
    if (row === undefined || !isRight || row.is_revoked === "true" || row.is_expired === "true") return null;
    return { prefix, ...grantOf(row) };
  }

  /** Makes a token; its text is answered this once and is nowhere kept. */
  async create(wanted: TokenWanted, author: Author): Promise<{ readonly token: string; readonly listed: ListedToken }> {
    const prefix = randomBytes(PREFIX_BYTES).toString("hex");
    const token = `siding_${prefix}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
    const { name, role, tenants, maySeePayload, expiresAt } = wanted;
    const grant = [name, role, tenants, maySeePayload, expiresAt];
    const values = [prefix, sha256(token).toString("hex"), ...grant, author.actor, author.role, author.reason];
    const [row] = await this.#statements.run(SQL.create, values);
    return { token, listed: listedToken(row!) };
  }

  /** Revokes it, at once and for good; null where there is none of that name. Revoked before, it stays as it was. */
  async revoke(prefix: string, author: Author): Promise<ListedToken | null> {
    const [row] = await this.#statements.run(SQL.revoke, [prefix, author.actor, author.role, author.reason]);
    return row === undefined ? null : listedToken(row);
  }

  /** A page of all tokens, whether they hold or not, in the order of their prefixes. @param after '' for the first page */
  async list(after: string, limit: number): Promise<readonly ListedToken[]> {
    return (await this.#statements.run(SQL.list, [after, limit])).map(listedToken);
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function grantOf(row: TextRow): TokenGrant {
  return {
    name: row.name!,
    role: row.role as AdminRole,
    tenants: row.tenants == null ? null : JSON.parse(row.tenants),
    maySeePayload: row.may_see_payload === "true",
  };
}

function listedToken(row: TextRow): ListedToken {
  return {
    prefix: row.prefix!,
    ...grantOf(row),
    createdAt: row.created_at!,
    createdBy: row.created_by!,
    expiresAt: row.expires_at ?? null,
    revokedAt: row.revoked_at ?? null,
    revokedBy: row.revoked_by ?? null,
    state: row.state as ListedToken["state"],
  };
}
