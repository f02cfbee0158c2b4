import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { Reach } from "@siding/core/ports/fail-point.js";
import { RENEW_AFTER_MS } from "@siding/core/recovery/renewal.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { LOOKS_MAX } from "@siding/relay/due-watch.js";
import { PolicyWatch } from "@siding/relay/policy-watch.js";
import { runRelay } from "@siding/relay/relay.js";
import type { RelayObserver } from "@siding/relay/relay-observer.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { PostgresBacklog } from "@siding/store-postgres/postgres-backlog.js";
import { PostgresPolicies } from "@siding/store-postgres/postgres-policies.js";
import { PostgresRetention } from "@siding/store-postgres/postgres-retention.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { requireSetting } from "./config/load-config.js";
import type { SidingConfig } from "./config/settings.js";
import { quotaSetting } from "./config/tenant-quota.js";
import { publisherWithFailPoints, storeWithFailPoints } from "./fail-points.js";
import { systemClock } from "./system-clock.js";
import { VERSION } from "./version.js";
import { type BacklogWatch, watchBacklog } from "./watch-backlog.js";

/** Connections beyond one a shard: the heartbeat's, the one that looks for work once, and those in which a look lasts. */
const EXTRA_CONNECTIONS = 2 + LOOKS_MAX;
/** For policies and for retention, so that neither waits for a page nor makes one wait. */
const BESIDE_CONNECTIONS = 2;

/** Payloads wait for Kafka in buffers cut from pools of this size, each an allocation of its own: Node's 8 KiB hold few. */
const BUFFER_POOL_BYTES = 64 * 1024;

/** How many connections a relay may have at once. */
export function connectionsOfRelay(shards: number): number {
  return shards + EXTRA_CONNECTIONS + BESIDE_CONNECTIONS;
}

export interface RelayRun {
  readonly config: SidingConfig;
  readonly observer: RelayObserver;
  /** Told every few seconds what waits in the shards that the relay owns. */
  readonly backlogTold?: BacklogWatch["told"];
  readonly untilEmpty: boolean;
  readonly signal: AbortSignalLike;
  /** Told of every step of the protocol; for tests that stop the relay there. */
  readonly reach?: Reach;
}

/**
 * Wires a relay to the real Postgres and Kafka and runs it until the signal is aborted.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_BROKER_* when it cannot start, and what runRelay throws
 */
export async function startRelay({
  config,
  observer,
  backlogTold,
  untilEmpty,
  signal,
  reach,
}: RelayRun): Promise<void> {
  Buffer.poolSize = BUFFER_POOL_BYTES;
  const brokers = requireSetting(config, "kafkaBrokers").join(",");
  const databaseUrl = requireSetting(config, "databaseUrl");
  const beside = new Connections(databaseUrl, BESIDE_CONNECTIONS);
  const over = new AbortController();
  const closing = [() => beside.close()];
  try {
    // As many as its first migration made, whatever the configuration says today.
    const { shards } = await new PostgresStore(beside).deployment();
    const store = new PostgresStore(new Connections(databaseUrl, shards + EXTRA_CONNECTIONS));
    closing.push(() => store.close());
    const policies = await PolicyWatch.open({
      source: new PostgresPolicies(beside),
      clock: systemClock,
      observer,
      defaults: defaultFields(quotaSetting(config.tenantQuota)),
    });
    const relayId = randomUUID();
    void policies.run(over.signal as AbortSignalLike);
    if (backlogTold !== undefined) {
      const source = new PostgresBacklog(beside, relayId);
      void watchBacklog({ source, clock: systemClock, observer, told: backlogTold }, over.signal as AbortSignalLike);
    }
    const kafka = { brokers, deployment: config.deployment, shards, properties: config.kafka, reach };
    const publisher = await KafkaPublisher.connect(kafka, config.delivery);
    try {
      await runRelay(
        {
          identity: { relayId, host: hostname(), processId: process.pid, version: VERSION },
          deployment: config.deployment,
          delivery: config.delivery,
          leaseMs: config.leaseMs,
          renewProgressMs: RENEW_AFTER_MS,
          batchEventsMax: config.batchEvents,
          batchBytesMax: config.batchBytes,
          attemptsMax: config.maxAttempts,
          untilEmpty,
          policies,
          retention: { retention: new PostgresRetention(beside), retentionMs: config.retentionMs },
          store: reach === undefined ? store : storeWithFailPoints(store, reach),
          publisher: reach === undefined ? publisher : publisherWithFailPoints(publisher, reach),
          clock: systemClock,
          random: Math.random,
          observer,
        },
        signal,
      );
    } finally {
      await publisher.close();
    }
  } finally {
    over.abort();
    await Promise.all(closing.map((close) => close()));
  }
}
