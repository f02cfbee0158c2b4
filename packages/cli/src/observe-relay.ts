import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import { usedShareOf } from "@siding/core/quota/quota.js";
import type { RelayObserver, ShardState } from "@siding/relay/relay-observer.js";
import type { Logger } from "pino";
import type { RelayMetrics } from "./http/metrics.js";
import type { Readiness } from "./http/relay-server.js";

/** States in which a shard gets on with its work, or would if there were any. */
const WORKING: ReadonlySet<ShardState> = new Set(["publishing", "idle"]);
/** States that come and go with every batch: not worth a line. */
const QUIET: ReadonlySet<ShardState> = new Set(["publishing", "idle", "starting"]);

/** Turns what happens in a relay into log lines, metrics and the answer to /readyz. */
export class RelayJournal implements RelayObserver {
  readonly #log: Logger;
  readonly #metrics: RelayMetrics;
  readonly #warned = new Set<string>();
  readonly #states = new Map<number, { state: ShardState; detail: string | undefined }>();

  constructor(log: Logger, metrics: RelayMetrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  readiness(): Readiness {
    const shards = [...this.#states]
      .sort(([a], [b]) => a - b)
      .map(([shard, { state, detail }]) => ({ shard, state, ...(detail === undefined ? {} : { detail }) }));
    const isWorking = [...this.#states.values()].every(({ state }) => WORKING.has(state));
    return { ready: isWorking, shards };
  }

  shardState(shard: number, state: ShardState, detail?: string): void {
    const before = this.#states.get(shard);
    if (before?.state === state && before.detail === detail) return;
    this.#states.set(shard, { state, detail });
    if (state === "halted") {
      this.#metrics.halted(true);
      this.#log.fatal({ shard }, `shard ${shard} halted: ${detail}`);
    } else if (!QUIET.has(state)) {
      this.#log.warn(
        { shard, state },
        `shard ${shard} is ${state.replaceAll("-", " ")}${detail ? ` (${detail})` : ""}`,
      );
    } else if (before !== undefined && !QUIET.has(before.state)) {
      this.#log.info({ shard, state }, `shard ${shard} goes on`);
    }
  }

  shardTaken(shard: number, epoch: bigint): void {
    this.#log.info({ shard, epoch: String(epoch) }, `shard ${shard} taken, epoch ${epoch}`);
  }

  shardLost(shard: number, reason: string): void {
    this.#states.delete(shard);
    this.#metrics.lanes(shard, []);
    this.#metrics.fenced();
    this.#log.warn({ shard }, `shard ${shard} lost: ${reason}`);
  }

  shardReleased(shard: number): void {
    this.#states.delete(shard);
    this.#metrics.lanes(shard, []);
    this.#log.info({ shard }, `shard ${shard} given back`);
  }

  haltEnded(shard: number): void {
    this.#states.delete(shard);
    this.#metrics.halted([...this.#states.values()].some(({ state }) => state === "halted"));
    this.#log.info({ shard }, `shard ${shard} is halted no more`);
  }

  batchCommitted: RelayObserver["batchCommitted"] = (_shard, _batch, events, nowUnixMs) => {
    let last = "";
    let seconds = 0;
    for (const { createdAt } of events) {
      if (createdAt !== last) seconds = Math.max(0, nowUnixMs - Date.parse(createdAt)) / 1000;
      last = createdAt;
      this.#metrics.endToEndLatency(seconds);
    }
    for (const { tenant, topic, events: published } of countsOf(events)) {
      this.#metrics.eventsPublished(tenant, topic, published);
    }
  };

  jobMoved: RelayObserver["jobMoved"] = (shard, { step, events }) => {
    for (const { tenant, topic, events: replayed } of countsOf(events)) {
      this.#metrics.eventsReplayed(tenant, topic, replayed);
    }
    if (step.isEnd) this.#log.info({ shard, job: step.jobId }, `job ${step.jobId} is through shard ${shard}`);
  };

  lanesChanged: RelayObserver["lanesChanged"] = (shard, lanes) => this.#metrics.lanes(shard, lanes);

  quotaUsed: RelayObserver["quotaUsed"] = (tenantId, use, warnAt) => {
    this.#metrics.quotaUsed(tenantId, use);
    const share = usedShareOf(use, BigInt(Date.now()) * 1_000_000n);
    if (share < warnAt) {
      this.#warned.delete(tenantId);
      return;
    }
    // Once for each time that it comes near its limit.
    if (this.#warned.has(tenantId)) return;
    this.#warned.add(tenantId);
    this.#log.warn({ tenant: tenantId }, `tenant ${tenantId} has used ${Math.round(share * 100)} % of its quota`);
  };

  held: RelayObserver["held"] = (shard, { filter, reason, detail }) => {
    const { tenantId: tenant, topic } = filter;
    if (reason === "quota" || reason === "fair-share") this.#metrics.throttled(tenant!, reason);
    if (reason !== "breaker") return;
    const what = topic === null ? "all" : `topic ${topic}`;
    const whose = tenant === null ? "" : ` of tenant ${tenant}`;
    this.#log.warn({ shard, tenant, topic }, `${what}${whose} waits in a lane of its own: ${detail}`);
  };

  eventDead: RelayObserver["eventDead"] = (shard, event, failure) => {
    this.#metrics.eventsDead(event.tenantId, event.topic, failure.fingerprint, 1);
    this.#log.error(
      { shard, event_id: event.eventId, tenant: event.tenantId, topic: event.topic },
      `event ${event.eventId} of tenant ${event.tenantId} is dead after ${failure.attempts} attempts: ${failure.lastError}`,
    );
  };

  eventRefused: RelayObserver["eventRefused"] = (shard, failure) => {
    this.#log.warn(
      { shard, seq: String(failure.seq), attempts: failure.attempts },
      `event with seq ${failure.seq} refused, attempt ${failure.attempts}: ${failure.lastError}`,
    );
  };

  step: RelayObserver["step"] = (step, ms) => this.#metrics.batchStep(step, ms / 1000);

  retrying: RelayObserver["retrying"] = (shard, error, waitMs) => {
    this.#log.warn({ shard, code: error.code }, `${error.message}; trying again in ${Math.round(waitMs)} ms`);
  };
}

interface TopicCount {
  readonly tenant: string;
  readonly topic: string;
  events: number;
}

function* countsOf(events: readonly OutboxEvent[]): Iterable<TopicCount> {
  const counts = new Map<string, Map<string, TopicCount>>();
  for (const { tenantId: tenant, topic } of events) {
    let ofTenant = counts.get(tenant);
    if (ofTenant === undefined) {
      ofTenant = new Map();
      counts.set(tenant, ofTenant);
    }
    const count = ofTenant.get(topic);
    if (count === undefined) ofTenant.set(topic, { tenant, topic, events: 1 });
    else count.events += 1;
  }
  for (const ofTenant of counts.values()) yield* ofTenant.values();
}
