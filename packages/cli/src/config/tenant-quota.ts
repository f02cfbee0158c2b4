import type { LimitSetting } from "@siding/core/policy/policy.js";
import { parseDurationMs } from "./duration.js";

/** At most `events` in any window of `windowMs`; the burst is the limit itself. */
export interface TenantQuota {
  readonly events: number;
  readonly windowMs: number;
}

/** A limit's unit takes a nanosecond at least. */
const NS_A_MS = 1e6;

/**
 * Reads `1000/60s`, or `none` for no limit; undefined for anything else, also a limit or window of zero and more than an
 * event a nanosecond.
 */
export function parseTenantQuota(text: string): TenantQuota | "none" | undefined {
  if (text === "none") return "none";
  const [, digits, duration] = /^(\d+)\/(\w+)$/.exec(text) ?? [];
  if (digits === undefined || duration === undefined) return undefined;
  const events = Number(digits);
  const windowMs = parseDurationMs(duration);
  if (!Number.isSafeInteger(events) || windowMs === undefined) return undefined;
  return events > 0 && events <= windowMs * NS_A_MS ? { events, windowMs } : undefined;
}

/** The same as a policy says it. */
export function quotaSetting(quota: TenantQuota | "none"): LimitSetting | "none" {
  return quota === "none" ? "none" : { amount: quota.events, windowMs: quota.windowMs, burst: null };
}
