import { SidingError } from "@siding/core/errors.js";
import { systemClock } from "../system-clock.js";
import { parseDurationMs } from "./duration.js";

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * A point in time, or how long ago it was, as RFC 3339. Without a time zone it would mean another time on each machine.
 * @throws SIDING_USAGE
 */
export function parsePointInTime(text: string): string {
  const agoMs = parseDurationMs(text);
  const ms = agoMs === undefined ? (isZonedTime(text) ? Date.parse(text) : Number.NaN) : systemClock.unixMs() - agoMs;
  // Beyond this Date knows no time (ECMA-262, "Time Values").
  if (Math.abs(ms) <= 8.64e15) return new Date(ms).toISOString();
  throw new SidingError(
    "SIDING_USAGE",
    `"${text}" is not a time: expected one with its zone, such as 2026-03-01T02:00:00Z, or how long ago, such as 2h`,
  );
}

export function isZonedTime(text: string): boolean {
  return ZONED.test(text);
}
