import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { TenantPlan } from "../schedule/schedule.js";

interface Arrival {
  readonly atMs: number;
  readonly bytes: number;
}

/** No sliding window ever holds more than limit + burst of a tenant, by the times at which Kafka decides its commits. */
export class QuotaCheck {
  readonly #plans: ReadonlyMap<string, TenantPlan>;
  readonly #arrivals = new Map<string, Arrival[]>();

  constructor(tenants: readonly TenantPlan[]) {
    this.#plans = new Map(tenants.map((plan, index) => [`tenant ${index}`, plan]));
  }

  /** Answers what is too much, or null. */
  arrive({ tenantId, bytes }: OutboxEvent, atMs: number): string | null {
    const quota = this.#plans.get(tenantId)?.quota ?? null;
    if (quota === null) return null;
    const window = (this.#arrivals.get(tenantId) ?? []).filter((arrival) => arrival.atMs > atMs - quota.windowMs);
    window.push({ atMs, bytes });
    this.#arrivals.set(tenantId, window);
    if (quota.events !== null && window.length > 2 * quota.events) {
      return `${window.length} events of ${tenantId} arrived in ${quota.windowMs} ms, and its quota is ${quota.events}`;
    }
    const size = window.reduce((sum, arrival) => sum + arrival.bytes, 0);
    // An event that is larger than the whole burst goes when nothing is owed; no schedule has one.
    if (quota.bytes !== null && size > 2 * quota.bytes) {
      return `${size} bytes of ${tenantId} arrived in ${quota.windowMs} ms, and its quota is ${quota.bytes}`;
    }
    return null;
  }
}
