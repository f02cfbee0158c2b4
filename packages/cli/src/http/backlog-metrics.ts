import type { TenantBacklog } from "@siding/store-postgres/postgres-backlog.js";
import { Gauge, type Registry } from "prom-client";

/** What waits, by tenant. */
export interface BacklogMetrics {
  /** All that waits in the shards that this relay owns; told again and again. */
  backlog(backlog: readonly TenantBacklog[]): void;
}

/** @param labelFor under which name a tenant goes; several may share one */
export function registerBacklogMetrics(registry: Registry, labelFor: (tenant: string) => string): BacklogMetrics {
  let waiting: readonly TenantBacklog[] = [];
  registry.registerMetric(
    new Gauge({
      name: "outbox_backlog_events",
      help: "Events that wait in the shards that this relay owns, from 100,000 of a shard on as many at least.",
      labelNames: ["tenant"],
      registers: [],
      collect() {
        this.reset();
        for (const { tenantId, events } of waiting) this.inc({ tenant: labelFor(tenantId) }, events);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "outbox_oldest_pending_age_seconds",
      help: "Age of the oldest event that waits, when it was last looked for.",
      labelNames: ["tenant"],
      registers: [],
      collect() {
        this.reset();
        const oldestMs = new Map<string, number>();
        for (const { tenantId, oldestAgeMs } of waiting) {
          const tenant = labelFor(tenantId);
          oldestMs.set(tenant, Math.max(oldestMs.get(tenant) ?? 0, oldestAgeMs));
        }
        for (const [tenant, ms] of oldestMs) this.set({ tenant }, ms / 1000);
      },
    }),
  );
  return {
    backlog: (backlog) => {
      waiting = backlog;
    },
  };
}
