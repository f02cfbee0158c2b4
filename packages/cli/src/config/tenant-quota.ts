import type { LimitSetting } from "@siding/core/policy/policy.js";
import { parseDurationMs } from "./duration.js";

/** At most `events` in any window of `windowMs`; the burst is the limit itself. */
export interface TenantQuota {
  readonly events: number;
  readonly windowMs: number;
}

/** A limit's unit takes a nanosecond at least. */
const NS_A_MS = 1e6;
/** As policies have it (packages/admin/src/api/tenant.ts): a default that none could say would be no answer of the API. */
const EVENTS_MAX = 1e9;
const WINDOW_MS_MAX = 31_536_000_000;

export const TENANT_QUOTA_EXPECTED =
  "expected EVENTS/DURATION, such as 1000/60s, up to 1000000000 events and 365d, or none";

/** Reads `1000/60s`, or `none` for no limit; undefined for anything else. */
export function parseTenantQuota(text: string): TenantQuota | "none" | undefined {
  if (text === "none") return "none";
  const [, digits, duration] = /^(\d+)\/(\w+)$/.exec(text) ?? [];
  if (digits === undefined || duration === undefined) return undefined;
  const events = Number(digits);
  const windowMs = parseDurationMs(duration) ?? 0;
  const isAllowed = events >= 1 && events <= EVENTS_MAX && windowMs >= 1 && windowMs <= WINDOW_MS_MAX;
  return isAllowed && events <= windowMs * NS_A_MS ? { events, windowMs } : undefined;
}

/** The same as a policy says it. */
export function quotaSetting(quota: TenantQuota | "none"): LimitSetting | "none" {
  return quota === "none" ? "none" : { amount: quota.events, windowMs: quota.windowMs, burst: null };
}
