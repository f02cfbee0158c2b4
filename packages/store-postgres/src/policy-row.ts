import type { LimitSetting, Policy, PolicyMatch, PolicySettings } from "@siding/core/policy/policy.js";

/** A row of siding.policy as JSON has it. Its checks bound every number, so that all are exact. */
export interface PolicyRow {
  readonly name: string;
  readonly tenant_id: string | null;
  readonly pattern: string | null;
  readonly percent: number | null;
  readonly priority: number;
  readonly quota: boolean | null;
  readonly quota_events: number | null;
  readonly quota_events_window_ms: number | null;
  readonly quota_events_burst: number | null;
  readonly quota_bytes: number | null;
  readonly quota_bytes_window_ms: number | null;
  readonly quota_bytes_burst: number | null;
  readonly quota_mode: PolicySettings["quotaMode"];
  readonly warn_at: number | null;
  readonly fair_share: boolean | null;
  readonly batch_limit: number | null;
  readonly weight: number | null;
  readonly breaker: boolean | null;
  readonly breaker_failures: number | null;
  readonly breaker_cool_down_ms: number | null;
  readonly breaker_cool_down_max_ms: number | null;
  readonly retry: PolicySettings["retry"];
  readonly replay: boolean | null;
  readonly backpressure: boolean | null;
  readonly backlog_max: number | null;
  readonly blocked: boolean | null;
}

/** Who laid a policy down, when, and why. */
export interface PolicyAuthor {
  readonly actor: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly changedAt: string;
}

/** A window has to be written beside a limit of none; it means nothing. */
const NO_WINDOW_MS = 1;

export function policyOf(row: PolicyRow): Policy {
  return {
    name: row.name,
    match: matchOf(row),
    priority: row.priority,
    settings: {
      quota: row.quota,
      quotaEvents: limitOf(row.quota_events, row.quota_events_window_ms, row.quota_events_burst),
      quotaBytes: limitOf(row.quota_bytes, row.quota_bytes_window_ms, row.quota_bytes_burst),
      quotaMode: row.quota_mode,
      warnAt: row.warn_at,
      fairShare: row.fair_share,
      batchLimit: row.batch_limit,
      weight: row.weight,
      breaker: row.breaker,
      breakerFailures: row.breaker_failures,
      breakerCoolDownMs: row.breaker_cool_down_ms,
      breakerCoolDownMaxMs: row.breaker_cool_down_max_ms,
      retry: row.retry,
      replay: row.replay,
      backpressure: row.backpressure,
      backlogMax: row.backlog_max === 0 ? "none" : row.backlog_max,
      blocked: row.blocked,
    },
  };
}

export function policyRow({ name, match, priority, settings }: Policy): PolicyRow {
  const events = settings.quotaEvents === "none" ? NONE : settings.quotaEvents;
  const bytes = settings.quotaBytes === "none" ? NONE : settings.quotaBytes;
  return {
    name,
    tenant_id: match.kind === "tenant" ? match.tenantId : null,
    pattern: match.kind === "pattern" ? match.pattern : null,
    percent: match.kind === "percentage" ? match.percent : null,
    priority,
    quota: settings.quota,
    quota_events: events?.amount ?? null,
    quota_events_window_ms: events?.windowMs ?? null,
    quota_events_burst: events?.burst ?? null,
    quota_bytes: bytes?.amount ?? null,
    quota_bytes_window_ms: bytes?.windowMs ?? null,
    quota_bytes_burst: bytes?.burst ?? null,
    quota_mode: settings.quotaMode,
    warn_at: settings.warnAt,
    fair_share: settings.fairShare,
    batch_limit: settings.batchLimit,
    weight: settings.weight,
    breaker: settings.breaker,
    breaker_failures: settings.breakerFailures,
    breaker_cool_down_ms: settings.breakerCoolDownMs,
    breaker_cool_down_max_ms: settings.breakerCoolDownMaxMs,
    retry: settings.retry,
    replay: settings.replay,
    backpressure: settings.backpressure,
    backlog_max: settings.backlogMax === "none" ? 0 : settings.backlogMax,
    blocked: settings.blocked,
  };
}

const NONE: LimitSetting = { amount: 0, windowMs: NO_WINDOW_MS, burst: null };

function matchOf(row: PolicyRow): PolicyMatch {
  if (row.tenant_id !== null) return { kind: "tenant", tenantId: row.tenant_id };
  if (row.pattern !== null) return { kind: "pattern", pattern: row.pattern };
  return { kind: "percentage", percent: row.percent! };
}

function limitOf(amount: number | null, windowMs: number | null, burst: number | null): LimitSetting | "none" | null {
  if (amount === null || windowMs === null) return null;
  return amount === 0 ? "none" : { amount, windowMs, burst };
}
