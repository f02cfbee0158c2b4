import type { Lane, LaneReason } from "@siding/core/lane/lane.js";
import { type QuotaUse, usedShareOf } from "@siding/core/quota/quota.js";
import { Gauge, type Registry } from "prom-client";
import { OTHER_TENANTS } from "./tenant-labels.js";

const REASONS: readonly LaneReason[] = ["quota", "fair-share", "paused", "breaker", "retry"];

/** What waits, and how near tenants are to waiting. Counted when somebody asks, and not with every batch. */
export interface LaneMetrics {
  /** The lanes of a shard as they stand now; told again with every change. */
  lanes(shard: number, lanes: Iterable<Lane>): void;
  quotaUsed(tenant: string, use: QuotaUse): void;
}

/** @param labelFor under which name a tenant goes */
export function registerLaneMetrics(registry: Registry, labelFor: (tenant: string) => string): LaneMetrics {
  const lanesOf = new Map<number, Iterable<Lane>>();
  const uses = new Map<string, QuotaUse>();
  const gauges = [
    new Gauge({
      name: "outbox_lane",
      help: "Lanes of the shards that this relay owns, by the reason for which their events wait.",
      labelNames: ["reason"],
      registers: [],
      collect() {
        for (const reason of REASONS) this.set({ reason }, 0);
        for (const lanes of lanesOf.values()) for (const { reason } of lanes) this.inc({ reason });
      },
    }),
    new Gauge({
      name: "outbox_circuit_open",
      help: "1 while a circuit breaker stops a topic; an empty tenant is everybody, an empty topic all of a tenant's.",
      labelNames: ["tenant", "topic"],
      registers: [],
      collect() {
        this.reset();
        for (const lanes of lanesOf.values()) {
          for (const { reason, filter } of lanes) {
            if (reason !== "breaker") continue;
            const tenant = filter.tenantId === null ? "" : labelFor(filter.tenantId);
            this.set({ tenant, topic: filter.topic ?? "" }, 1);
          }
        }
      },
    }),
    new Gauge({
      name: "outbox_quota_used_ratio",
      help: "Share of the burst of a tenant's quota that is in use; what this relay published counts.",
      labelNames: ["tenant"],
      registers: [],
      collect() {
        this.reset();
        const nowNs = BigInt(Date.now()) * 1_000_000n;
        for (const [tenant, use] of uses) {
          const share = usedShareOf(use, nowNs);
          if (share <= 0) uses.delete(tenant);
          else if (labelFor(tenant) !== OTHER_TENANTS) this.set({ tenant }, share);
        }
      },
    }),
  ];
  for (const gauge of gauges) registry.registerMetric(gauge);
  return {
    lanes: (shard, lanes) => void lanesOf.set(shard, lanes),
    quotaUsed: (tenant, use) => void uses.set(tenant, use),
  };
}
