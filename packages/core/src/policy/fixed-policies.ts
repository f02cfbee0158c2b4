import type { Limit } from "../quota/limit.js";
import type { Pause, TenantPolicies, TenantPolicy } from "./tenant-policy.js";

/** An application without tenants enqueues as this one; it has no limits until it is given some (contract, "Configuration"). */
const TENANT_WITHOUT_LIMITS = "default";

const DEFAULTS: Omit<TenantPolicy, "quota"> = {
  warnAt: 0.8,
  batchLimit: 50,
  weight: 1,
  breaker: { failures: 5, coolDownMs: 500, coolDownMaxMs: 5_000 },
  retry: "flow-first",
  replay: true,
};

interface EventQuota {
  readonly events: number;
  readonly windowMs: number;
}

/** The same policy for every tenant but `default`, out of the configuration alone. Nobody is paused. */
export class FixedPolicies implements TenantPolicies {
  readonly #everybody: TenantPolicy;
  readonly #unlimited: TenantPolicy;

  /** @param limit at most so many events in a window, and at once; null: any number */
  constructor(limit: EventQuota | null) {
    const quota = limit === null ? null : ({ events: limitOf(limit), bytes: null, mode: "enforce" } as const);
    this.#everybody = { ...DEFAULTS, quota };
    this.#unlimited = { ...DEFAULTS, quota: null, batchLimit: null };
  }

  of(tenantId: string): TenantPolicy {
    return tenantId === TENANT_WITHOUT_LIMITS ? this.#unlimited : this.#everybody;
  }

  pauseOf(_tenantId: string): Pause | null {
    return null;
  }
}

function limitOf({ events, windowMs }: EventQuota): Limit {
  return { amount: BigInt(events), windowNs: BigInt(windowMs) * 1_000_000n, burst: BigInt(events) };
}
