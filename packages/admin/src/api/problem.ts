import { type Static, Type } from "typebox";
import { only } from "./text.js";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** What every request that fails is answered with (RFC 9457). */
export const Problem = only({
  type: Type.String({ description: "about:blank, or urn:siding:error: and a code of Siding's" }),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.Optional(Type.String({ description: "what is wrong with this request, and how to mend it" })),
  errors: Type.Optional(
    Type.Array(only({ where: Type.String(), message: Type.String() }), { description: "one for each invalid value" }),
  ),
  request_id: Type.String({ description: "as in the server's log" }),
});
export type Problem = Static<typeof Problem>;

export const ERROR_TYPE_PREFIX = "urn:siding:error:";
