import { SidingError } from "@siding/core/errors.js";

export const LIMIT_MAX = 1_000;

/** `--limit`, for lists. @throws SIDING_USAGE */
export function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new SidingError("SIDING_USAGE", `--limit is ${JSON.stringify(text.slice(0, 80))}: expected 1 to ${LIMIT_MAX}`);
}
