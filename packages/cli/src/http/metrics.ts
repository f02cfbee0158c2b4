import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type BacklogMetrics, registerBacklogMetrics } from "./backlog-metrics.js";
import { type LaneMetrics, registerLaneMetrics } from "./lane-metrics.js";
import { OTHER_TENANTS, TenantLabels } from "./tenant-labels.js";

/** The steps of a batch that are timed. */
export type BatchStep = "read" | "prepare" | "publish" | "promote";

/** What the relay counts. Counted where a port is called; names and labels are public. */
export interface RelayMetrics extends LaneMetrics, BacklogMetrics {
  /** Holds every metric below; the relay's server renders it. */
  readonly registry: Registry;
  /** Events whose transaction Kafka committed. Call it once for each tenant and topic of a batch, not for each event. */
  eventsPublished(tenant: string, topic: string, events: number): void;
  /** Events that a job published: once more, or as redriven dead letters. */
  eventsReplayed(tenant: string, topic: string, events: number): void;
  eventsDead(tenant: string, topic: string, reason: string, events: number): void;
  /** Events of the tenant were held back. */
  throttled(tenant: string, reason: string): void;
  /** Seconds from enqueue to the commit in Kafka, one event a call. */
  endToEndLatency(seconds: number): void;
  batchStep(step: BatchStep, seconds: number): void;
  /** A shard was taken over by another relay. */
  fenced(): void;
  /** Whether a shard is halted for safety and waits for an operator. */
  halted(isHalted: boolean): void;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const STEP_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What a broker says of an event has no end of forms; the first so many keep their words, and `siding dead list` has all. */
const REASONS_MAX = 20;
const OTHER_REASONS = "other";

/** Metrics on a registry of their own, so that two relays in one process do not share counters. */
export function createRelayMetrics(): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const published = new Counter({
    name: "outbox_events_published_total",
    help: "Events committed to Kafka. The busiest 200 tenants keep their name, the others share 'other'.",
    labelNames: ["tenant", "topic"],
    registers,
  });
  const replayed = new Counter({
    name: "outbox_events_replayed_total",
    help: "Events committed to Kafka by a replay or a redrive; not among outbox_events_published_total.",
    labelNames: ["tenant", "topic"],
    registers,
  });
  const dead = new Counter({
    name: "outbox_events_dead_total",
    help: "Events that became dead letters.",
    labelNames: ["tenant", "topic", "reason"],
    registers,
  });
  const throttled = new Counter({
    name: "outbox_throttled_total",
    help: "Times that a tenant's events were held back, and why.",
    labelNames: ["tenant", "reason"],
    registers,
  });
  const latency = new Histogram({
    name: "outbox_end_to_end_latency_seconds",
    help: "Time from enqueue to the commit in Kafka.",
    buckets: LATENCY_SECONDS,
    registers,
  });
  const steps = new Histogram({
    name: "outbox_batch_seconds",
    help: "Time that one step of a batch took.",
    labelNames: ["step"],
    buckets: STEP_SECONDS,
    registers,
  });
  const fenced = new Counter({
    name: "outbox_fenced_total",
    help: "Times that another relay took a shard over from this one.",
    registers,
  });
  const halted = new Gauge({
    name: "outbox_halted",
    help: "1 while a shard is halted for safety and waits for an operator.",
    registers,
  });

  const series = new TenantSeries();
  const labels = new TenantLabels((tenant) => series.end(tenant));
  const labelFor = (tenant: string): string => labels.labelFor(tenant, 0);
  const lanes = registerLaneMetrics(registry, labelFor);
  const { backlog } = registerBacklogMetrics(registry, labelFor);
  const reasons = new Set<string>();
  return {
    registry,
    eventsPublished(tenant, topic, events) {
      const label = labels.labelFor(tenant, events);
      series.started(label, published, topic, { tenant: label, topic });
      published.inc({ tenant: label, topic }, events);
    },
    eventsReplayed(tenant, topic, events) {
      const label = labels.labelFor(tenant, events);
      series.started(label, replayed, `replayed\n${topic}`, { tenant: label, topic });
      replayed.inc({ tenant: label, topic }, events);
    },
    eventsDead(tenant, topic, reason, events) {
      const label = labels.labelFor(tenant, events);
      if (reasons.size < REASONS_MAX) reasons.add(reason);
      const cause = { tenant: label, topic, reason: reasons.has(reason) ? reason : OTHER_REASONS };
      series.started(label, dead, `${topic}\n${cause.reason}`, cause);
      dead.inc(cause, events);
    },
    backlog,
    lanes: (shard, now) => lanes.lanes(shard, now),
    quotaUsed: (tenant, use) => lanes.quotaUsed(tenant, use),
    throttled(tenant, reason) {
      const label = labels.labelFor(tenant, 1);
      series.started(label, throttled, reason, { tenant: label, reason });
      throttled.inc({ tenant: label, reason });
    },
    endToEndLatency: (seconds) => latency.observe(seconds),
    batchStep: (step, seconds) => steps.observe({ step }, seconds),
    fenced: () => fenced.inc(),
    halted: (isHalted) => halted.set(isHalted ? 1 : 0),
  };
}

/** Remembers which series carry a tenant's name, because prom-client removes one only by its exact labels. */
class TenantSeries {
  readonly #byTenant = new Map<string, Map<string, () => void>>();

  /** @param key tells the tenant's series of one metric apart */
  started(tenant: string, metric: Counter, key: string, labels: Record<string, string>): void {
    if (tenant === OTHER_TENANTS) return;
    let series = this.#byTenant.get(tenant);
    if (series === undefined) {
      series = new Map();
      this.#byTenant.set(tenant, series);
    }
    if (!series.has(key)) series.set(key, () => metric.remove(labels));
  }

  end(tenant: string): void {
    for (const remove of this.#byTenant.get(tenant)?.values() ?? []) remove();
    this.#byTenant.delete(tenant);
  }
}
