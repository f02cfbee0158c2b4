import { EnqueueError, type EnqueueErrorCode, isEnqueueErrorCode } from "./enqueue-error.js";
import { STATEMENT_END } from "./statement.js";

/** Where clients keep the database's error: Drizzle and most others, TypeORM, Prisma (two steps). */
const LEADS_INWARD = ["cause", "driverError", "meta", "driverAdapterError"] as const;

/** An error's `cause` may lead back to itself or on without end. */
const OBJECTS_MAX = 32;

/**
 * Finds Siding's refusal inside whatever a client throws, by SQLSTATE and never by message. Of use to those who call the
 * SQL functions themselves; {@link enqueue} and {@link enqueueMany} throw what this finds. Safe on anything that can be
 * thrown, and never throws itself.
 *
 * ```ts
 * const refusal = findEnqueueError(error);
 * if (refusal?.code === "SD002") return tryAgainLater();
 * ```
 */
export function findEnqueueError(error: unknown): EnqueueError | undefined {
  const seen = new Set<object>();
  const open: unknown[] = [error];
  let found: { readonly code: EnqueueErrorCode; readonly source: object } | undefined;
  while (open.length > 0 && seen.size < OBJECTS_MAX) {
    const next = open.shift();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    if (next instanceof EnqueueError) return next;
    seen.add(next);
    // The innermost one counts: clients copy the code outward, and put words of their own around the message.
    const code = [read(next, "code"), read(next, "originalCode")].find(isEnqueueErrorCode);
    if (code !== undefined) found = { code, source: next };
    for (const lead of LEADS_INWARD) open.push(read(next, lead));
  }
  if (found === undefined) return undefined;
  const hint = read(found.source, "hint");
  return new EnqueueError(found.code, messageOf(found.source), {
    hint: typeof hint === "string" && hint !== "" ? hint : undefined,
    cause: error,
  });
}

function messageOf(source: object): string {
  const message = String(read(source, "message") ?? "Siding refused the event");
  // Knex puts the statement, payload included, in front of the database's words.
  const prefixEnd = message.lastIndexOf(`${STATEMENT_END} - `);
  return prefixEnd < 0 ? message : message.slice(prefixEnd + STATEMENT_END.length + 3);
}

function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined; // a getter that throws has nothing to tell
  }
}
