import type { Token, TokenMade, TokenPage, TokenQuery, TokenWanted } from "@siding/admin/api/token.js";
import type { AdminClient } from "@siding/admin/client/admin-client.js";
import { tokenDocument } from "@siding/admin/server/documents.js";
import { SidingError } from "@siding/core/errors.js";
import { withAdminStatements } from "@siding/store-postgres/admin-statements.js";
import { AdminTokens } from "@siding/store-postgres/admin-tokens.js";
import type { Author } from "@siding/store-postgres/author.js";
import { actorHere } from "../operator-word.js";

/** Where tokens are kept: asked directly or through an admin API. */
export interface TokenKeeper {
  list(query: { readonly limit: number; readonly cursor?: string }): Promise<TokenPage>;
  create(wanted: TokenWanted): Promise<TokenMade>;
  /** @throws SIDING_USAGE where there is no such token */
  revoke(prefix: string, reason: string): Promise<Token>;
}

export function localTokens(databaseUrl: string): TokenKeeper {
  const asked = <T>(use: (tokens: AdminTokens) => Promise<T>): Promise<T> =>
    withAdminStatements(databaseUrl, (statements) => use(new AdminTokens(statements)));
  return {
    list: ({ limit, cursor = "" }: TokenQuery) =>
      asked(async (tokens) => {
        const listed = await tokens.list(cursor, limit + 1);
        const shown = listed.slice(0, limit);
        return { tokens: shown.map(tokenDocument), next_cursor: listed.length > limit ? shown.at(-1)!.prefix : null };
      }),
    create: ({ name, role, tenants, may_see_payload, expires_at, reason }) =>
      asked(async (tokens) => {
        const wanted = { name, role, tenants, maySeePayload: may_see_payload, expiresAt: expires_at };
        const { token, listed } = await tokens.create(wanted, author(reason));
        return { token, ...tokenDocument(listed) };
      }),
    revoke: (prefix, reason) =>
      asked(async (tokens) => {
        const revoked = await tokens.revoke(prefix, author(reason));
        if (revoked === null) throw new SidingError("SIDING_USAGE", `there is no token ${prefix}`);
        return tokenDocument(revoked);
      }),
  };
}

export function remoteTokens(client: AdminClient): TokenKeeper {
  return {
    list: (query) => client.tokens(query),
    create: (wanted) => client.createToken(wanted),
    revoke: (prefix, reason) => client.revokeToken(prefix, { reason }),
  };
}

/** Whoever reaches the database itself as siding_admin may do everything there. */
function author(reason: string): Author {
  return { actor: actorHere(), role: "admin", reason };
}
