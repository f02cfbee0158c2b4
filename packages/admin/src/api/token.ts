import { type Static, Type } from "typebox";
import { paging } from "./paging.js";
import { only, orNull, text, time } from "./text.js";

export const Role = Type.Union([Type.Literal("viewer"), Type.Literal("operator"), Type.Literal("admin")]);

const PREFIX = "^[0-9a-f]{12}$";
export const reason = text(1_000, "why, for the record");

export const TokenPath = only({ prefix: Type.String({ pattern: PREFIX }) });

const grant = {
  name: text(100, "whose it is"),
  role: Role,
  tenants: orNull(Type.Array(text(255), { minItems: 1, maxItems: 100, description: "null for every tenant" })),
};

export const Token = only({
  prefix: Type.String({ pattern: PREFIX, description: "its public name" }),
  ...grant,
  may_see_payload: Type.Boolean(),
  state: Type.Union([Type.Literal("valid"), Type.Literal("expired"), Type.Literal("revoked")]),
  created_at: time(),
  created_by: Type.String(),
  expires_at: orNull(time()),
  revoked_at: orNull(time()),
  revoked_by: orNull(Type.String()),
});
export type Token = Static<typeof Token>;

export const TokenQuery = only({
  limit: paging.limit,
  cursor: Type.Optional(Type.String({ pattern: PREFIX, description: "next_cursor of the page before" })),
});
export type TokenQuery = Static<typeof TokenQuery>;

export const TokenPage = only({ tokens: Type.Array(Token), next_cursor: orNull(Type.String()) });
export type TokenPage = Static<typeof TokenPage>;

export const TokenWanted = only({
  ...grant,
  may_see_payload: Type.Boolean({ description: "whether headers and payloads are shown to it" }),
  expires_at: orNull(time("null for a token that holds until it is revoked")),
  reason,
});
export type TokenWanted = Static<typeof TokenWanted>;

export const TokenMade = only({
  token: Type.String({ description: "whole, this once: it is nowhere kept" }),
  ...(Token.properties as typeof Token.properties),
});
export type TokenMade = Static<typeof TokenMade>;

export const TokenRevocation = only({ reason });
export type TokenRevocation = Static<typeof TokenRevocation>;
