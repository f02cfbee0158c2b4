import { SidingError } from "@siding/core/errors.js";
import { systemClock } from "../system-clock.js";
import { parseDurationMs } from "./duration.js";
import { isZonedTime } from "./point-in-time.js";

/**
 * Until when something holds, as RFC 3339; null for `never`.
 * @throws SIDING_USAGE for what is no time, and for one that has passed
 */
export function parseExpiry(text: string): string | null {
  if (text === "never") return null;
  const afterMs = parseDurationMs(text);
  const now = systemClock.unixMs();
  const ms = afterMs === undefined ? (isZonedTime(text) ? Date.parse(text) : Number.NaN) : now + afterMs;
  if (ms > now && ms <= LATEST_MS) return new Date(ms).toISOString();
  throw new SidingError(
    "SIDING_USAGE",
    `--expires is ${JSON.stringify(text.slice(0, 80))}: expected how long from now, such as 30d, a time to come with its zone, or never`,
  );
}

const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");
