import { SidingError } from "./errors.js";

// A broken invariant may carry a whole batch; the line that reports it has to stay readable.
const DETAILS_CHARACTERS_MAX = 2_000;

/**
 * States what must hold; on in production.
 *
 * ```ts
 * invariant(lane.seq <= main.seq, "I3 a lane never passes the main cursor", { lane, main });
 * ```
 * @throws SIDING_INTERNAL with the message and the details as JSON
 */
export function invariant(
  condition: unknown,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return;
  throw new SidingError("SIDING_INTERNAL", details === undefined ? message : `${message}: ${describe(details)}`);
}

// A report that fails to print would hide the broken invariant behind a TypeError.
function describe(details: Readonly<Record<string, unknown>>): string {
  try {
    const text = JSON.stringify(details, (_key, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    return text.length > DETAILS_CHARACTERS_MAX ? `${text.slice(0, DETAILS_CHARACTERS_MAX)}…` : text;
  } catch {
    return "(details that JSON cannot hold)";
  }
}
