import type { AdminTokens } from "@siding/store-postgres/admin-tokens.js";
import { Token, TokenMade, TokenPage, TokenPath, TokenQuery, TokenRevocation, TokenWanted } from "../../api/token.js";
import type { AdminRoutes } from "../admin-routes.js";
import { tokenDocument } from "../documents.js";
import { authorOf } from "../guard.js";
import { HttpProblem } from "../http-problem.js";
import { instant } from "../instant.js";

/** Who may come in: for administrators of every tenant alone, since a token that they make may see all of them. */
export function tokenRoutes(server: AdminRoutes, { tokens }: { readonly tokens: AdminTokens }): void {
  const access = { role: "admin", scope: "deployment" } as const;

  server.get(
    "/admin/tokens",
    {
      config: { access },
      schema: { tags: ["tokens"], summary: "Tokens, by prefix", querystring: TokenQuery, response: { 200: TokenPage } },
    },
    async (request): Promise<TokenPage> => {
      const { limit, cursor = "" } = request.query;
      const listed = await tokens.list(cursor, limit + 1);
      const shown = listed.slice(0, limit);
      return { tokens: shown.map(tokenDocument), next_cursor: listed.length > limit ? shown.at(-1)!.prefix : null };
    },
  );

  server.post(
    "/admin/tokens",
    {
      config: { access },
      schema: {
        tags: ["tokens"],
        summary: "Makes a token, and shows it this once",
        body: TokenWanted,
        response: { 201: TokenMade },
      },
    },
    async (request, reply) => {
      const { name, role, tenants, may_see_payload: maySeePayload, expires_at: expiresAt, reason } = request.body;
      const wanted = {
        name,
        role,
        tenants,
        maySeePayload,
        expiresAt: expiresAt === null ? null : instant("expires_at", expiresAt),
      };
      const { token, listed } = await tokens.create(wanted, authorOf(request, reason));
      return reply.code(201).send({ token, ...tokenDocument(listed) });
    },
  );

  server.post(
    "/admin/tokens/:prefix/revoke",
    {
      config: { access },
      schema: {
        tags: ["tokens"],
        summary: "Revokes a token, at once and for good",
        params: TokenPath,
        body: TokenRevocation,
        response: { 200: Token },
      },
    },
    async (request): Promise<Token> => {
      const { prefix } = request.params;
      const revoked = await tokens.revoke(prefix, authorOf(request, request.body.reason));
      if (revoked === null) throw new HttpProblem(404, `There is no token ${prefix}.`);
      return tokenDocument(revoked);
    },
  );
}
