import type { Limit } from "../quota/limit.js";
import type { LimitSetting, Policy, PolicyField, PolicyFields, PolicyMatch } from "./policy.js";
import { POLICY_FIELDS } from "./policy.js";
import { isMatch } from "./policy-match.js";
import type { TenantPolicy } from "./tenant-policy.js";

/** What `siding.enqueue` asks of a tenant. */
export interface Admission {
  /** Null: no cap. */
  readonly backlogMax: number | null;
  readonly blocked: boolean;
}

/** What holds for a tenant, and who says so. */
export interface SettledPolicy {
  readonly fields: PolicyFields;
  readonly policy: TenantPolicy;
  readonly admission: Admission;
  /** The name of the policy that said the field; null for a default. */
  readonly saidBy: Readonly<Record<PolicyField, string | null>>;
}

/** The tenant of applications that have none. It has no limits until a policy sets some. */
const DEFAULT_TENANT = "default";

const NARROWEST_FIRST: Readonly<Record<PolicyMatch["kind"], number>> = { tenant: 0, pattern: 1, percentage: 2 };

/** What holds where no policy says anything. */
export function defaultFields(quotaEvents: LimitSetting | "none"): PolicyFields {
  return {
    quota: true,
    quotaEvents,
    quotaBytes: "none",
    quotaMode: "enforce",
    warnAt: 0.8,
    fairShare: true,
    batchLimit: 50,
    weight: 1,
    breaker: true,
    breakerFailures: 5,
    breakerCoolDownMs: 500,
    breakerCoolDownMaxMs: 5_000,
    retry: "flow-first",
    replay: true,
    backpressure: true,
    backlogMax: "none",
    blocked: false,
  };
}

/** Policies as they are looked up: a deployment may have one for each of thousands of tenants, and few others. */
export interface PolicySet {
  readonly own: ReadonlyMap<string, readonly Policy[]>;
  /** Patterns, then percentages. */
  readonly broad: readonly Policy[];
}

/** In the order in which they are asked: a tenant's own, then patterns, then percentages; by priority among their kind. */
export function policySet(policies: readonly Policy[]): PolicySet {
  const ordered = [...policies].sort(
    (a, b) =>
      NARROWEST_FIRST[a.match.kind] - NARROWEST_FIRST[b.match.kind] ||
      b.priority - a.priority ||
      (a.name < b.name ? -1 : 1),
  );
  const own = new Map<string, Policy[]>();
  const broad: Policy[] = [];
  for (const policy of ordered) {
    if (policy.match.kind !== "tenant") broad.push(policy);
    else own.set(policy.match.tenantId, [...(own.get(policy.match.tenantId) ?? []), policy]);
  }
  return { own, broad };
}

/** Settles every field by itself: the first policy that says it is followed. */
export function settlePolicy(tenantId: string, { own, broad }: PolicySet, defaults: PolicyFields): SettledPolicy {
  const matching = [...(own.get(tenantId) ?? []), ...broad.filter((policy) => isMatch(policy, tenantId))];
  const base = tenantId === DEFAULT_TENANT ? withoutLimits(defaults) : defaults;
  const fields: Partial<Record<PolicyField, unknown>> = {};
  const saidBy: Partial<Record<PolicyField, string | null>> = {};
  for (const field of POLICY_FIELDS) {
    const speaker = matching.find(({ settings }) => settings[field] !== null);
    fields[field] = speaker === undefined ? base[field] : speaker.settings[field];
    saidBy[field] = speaker?.name ?? null;
  }
  return settledFrom(fields as PolicyFields, saidBy as SettledPolicy["saidBy"]);
}

function withoutLimits(defaults: PolicyFields): PolicyFields {
  return { ...defaults, quotaEvents: "none", quotaBytes: "none", fairShare: false, backlogMax: "none" };
}

/** What follows from the fields that hold. */
export function settledFrom(fields: PolicyFields, saidBy: SettledPolicy["saidBy"]): SettledPolicy {
  const events = limitOf(fields.quotaEvents);
  const bytes = limitOf(fields.quotaBytes);
  const hasQuota = fields.quota && (events !== null || bytes !== null);
  return {
    fields,
    saidBy,
    admission: {
      backlogMax: fields.backpressure && fields.backlogMax !== "none" ? fields.backlogMax : null,
      blocked: fields.blocked,
    },
    policy: {
      quota: hasQuota ? { events, bytes, mode: fields.quotaMode } : null,
      warnAt: fields.warnAt,
      batchLimit: fields.fairShare ? fields.batchLimit : null,
      weight: fields.weight,
      breaker: fields.breaker
        ? {
            failures: fields.breakerFailures,
            coolDownMs: fields.breakerCoolDownMs,
            coolDownMaxMs: Math.max(fields.breakerCoolDownMs, fields.breakerCoolDownMaxMs),
          }
        : null,
      retry: fields.retry,
      replay: fields.replay,
    },
  };
}

const NS_A_MS = 1_000_000n;

function limitOf(setting: LimitSetting | "none"): Limit | null {
  if (setting === "none") return null;
  const { amount, windowMs, burst } = setting;
  return { amount: BigInt(amount), windowNs: BigInt(windowMs) * NS_A_MS, burst: BigInt(burst ?? amount) };
}
