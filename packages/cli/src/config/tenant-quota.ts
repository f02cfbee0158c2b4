import { isLimitAllowed, LIMIT_EVENTS_MAX } from "@siding/core/policy/limit-bounds.js";
import type { LimitSetting } from "@siding/core/policy/policy.js";
import { parseDurationMs } from "./duration.js";

/** At most `events` in any window of `windowMs`; the burst is the limit itself. */
export interface TenantQuota {
  readonly events: number;
  readonly windowMs: number;
}

export const TENANT_QUOTA_EXPECTED =
  "expected EVENTS/DURATION, such as 1000/60s, up to 1000000000 events and 365d, or none";

/**
 * Reads `1000/60s`, or `none` for no limit; undefined for anything else. Its bounds are a policy's: a default that none could say
 * would be no answer of the admin API.
 */
export function parseTenantQuota(text: string): TenantQuota | "none" | undefined {
  if (text === "none") return "none";
  const [, digits, duration] = /^(\d+)\/(\w+)$/.exec(text) ?? [];
  if (digits === undefined || duration === undefined) return undefined;
  const events = Number(digits);
  const windowMs = parseDurationMs(duration) ?? 0;
  return isLimitAllowed(events, windowMs, LIMIT_EVENTS_MAX) ? { events, windowMs } : undefined;
}

/** The same as a policy says it. */
export function quotaSetting(quota: TenantQuota | "none"): LimitSetting | "none" {
  return quota === "none" ? "none" : { amount: quota.events, windowMs: quota.windowMs, burst: null };
}
