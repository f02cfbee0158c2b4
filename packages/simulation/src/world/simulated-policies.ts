import type { Pause, TenantPolicies, TenantPolicy } from "@siding/core/policy/tenant-policy.js";
import type { Limit } from "@siding/core/quota/limit.js";
import type { TenantPlan } from "../schedule/schedule.js";

/** Cool-downs scaled down with the leases of a schedule. */
const BREAKER = { failures: 2, coolDownMs: 40, coolDownMaxMs: 200 };

/** The policies of a schedule's tenants, and who is paused at this moment. */
export class SimulatedPolicies implements TenantPolicies {
  readonly #plans: ReadonlyMap<string, TenantPlan>;
  readonly #policies: ReadonlyMap<string, TenantPolicy>;
  readonly #nowMs: () => number;

  constructor(tenants: readonly TenantPlan[], nowMs: () => number) {
    this.#plans = new Map(tenants.map((plan, index) => [`tenant ${index}`, plan]));
    this.#policies = new Map(tenants.map((plan, index) => [`tenant ${index}`, policyOf(plan)]));
    this.#nowMs = nowMs;
  }

  of(tenantId: string): TenantPolicy {
    return this.#policies.get(tenantId)!;
  }

  pauseOf(tenantId: string): Pause | null {
    const now = this.#nowMs();
    const pause = this.#plans.get(tenantId)!.pauses.find(({ fromMs, untilMs }) => fromMs <= now && now < untilMs);
    if (pause === undefined) return null;
    return { actor: "somebody", reason: "simulated", untilMs: pause.isExpiring ? pause.untilMs : null };
  }
}

export function limitsOf({ quota }: TenantPlan): { readonly events: Limit | null; readonly bytes: Limit | null } {
  if (quota === null) return { events: null, bytes: null };
  const windowNs = BigInt(quota.windowMs) * 1_000_000n;
  const limit = (amount: number | null): Limit | null =>
    amount === null ? null : { amount: BigInt(amount), windowNs, burst: BigInt(amount) };
  return { events: limit(quota.events), bytes: limit(quota.bytes) };
}

function policyOf(plan: TenantPlan): TenantPolicy {
  const quota = plan.quota === null ? null : ({ ...limitsOf(plan), mode: "enforce" } as const);
  const { batchLimit, weight } = plan;
  return { quota, warnAt: 0.8, batchLimit, weight, breaker: BREAKER, retry: "flow-first", replay: true };
}
