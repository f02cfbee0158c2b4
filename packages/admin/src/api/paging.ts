import { Type } from "typebox";
import { orNull } from "./text.js";

export const LIMIT_MAX = 1_000;
export const OFFSET_MAX = 10_000;

/** How much of a list, and from where on. */
export const paging = {
  limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 50 }),
  cursor: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z0-9_-]{1,200}$",
      description: "next_cursor of the page before, with the same filters",
    }),
  ),
  offset: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OFFSET_MAX,
      description: "how many to leave out; for small lists, without a cursor",
    }),
  ),
};

export const nextCursor = orNull(
  Type.String({
    description: "goes on where this page ended; a page may hold fewer than its limit and not be the last",
  }),
);
