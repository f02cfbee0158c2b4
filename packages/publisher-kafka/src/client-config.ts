import type { ProducerGlobalConfig } from "@confluentinc/kafka-javascript";
import type { Reach } from "@siding/core/ports/fail-point.js";

export interface KafkaOptions {
  /** `host:port,host:port` */
  readonly brokers: string;
  readonly deployment: string;
  readonly shards: number;
  /** The operator's own client properties (SIDING_KAFKA__…), over Siding's defaults. */
  readonly properties: Readonly<Record<string, string>>;
  /** Told of the steps inside a transaction; for tests that stop the relay there. */
  readonly reach?: Reach | undefined;
}

export const PROGRESS_TOPIC = "siding.progress";
export const TRANSACTION_TIMEOUT_MS = 60_000;
export const REQUEST_TIMEOUT_MS = 30_000;

/** The consumer group under which a shard's number is committed. */
export function groupId(deployment: string): string {
  return `siding-${deployment}`;
}

/** client.id, transactional.id and the x-producer-id header of a shard are one name. */
export function producerId(deployment: string, shard: number): string {
  return `siding-${deployment}-${shard}`;
}

/** What every client needs to find the brokers, with the operator's security settings. */
export function connectionConfig(options: KafkaOptions): Record<string, unknown> {
  return {
    "bootstrap.servers": options.brokers,
    "client.id": `siding-${options.deployment}`,
    "socket.timeout.ms": REQUEST_TIMEOUT_MS,
    "socket.nagle.disable": true,
    "reconnect.backoff.max.ms": 1_000,
    "allow.auto.create.topics": false,
    ...connectionProperties(options.properties),
  };
}

/**
 * Producer defaults (contract, "Configuration"). linger.ms 5 fills a large batch's requests, which is worth 40 % of
 * throughput; a small batch does not wait for it, since a flush sends it at once. retry.backoff.ms 2: a transaction that
 * follows another waits for its markers in steps of this size, and 100 by default (design §7).
 */
export function producerConfig(options: KafkaOptions, shard: number): ProducerGlobalConfig {
  return {
    ...connectionConfig(options),
    "enable.idempotence": true,
    acks: -1,
    "max.in.flight.requests.per.connection": 5,
    "compression.codec": "snappy",
    "delivery.timeout.ms": REQUEST_TIMEOUT_MS,
    "request.timeout.ms": REQUEST_TIMEOUT_MS,
    "linger.ms": 5,
    "batch.size": 1_000_000,
    "retry.backoff.ms": 2,
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 1_048_576,
    dr_msg_cb: true,
    ...options.properties,
    "client.id": producerId(options.deployment, shard),
  } as ProducerGlobalConfig;
}

/** Of the operator's properties those that any client understands: a producer's would be refused by the others. */
function connectionProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  const shared = /^(security|sasl|ssl|socket|broker|reconnect|enable\.ssl|client\.dns|metadata|api|debug)\b/;
  return Object.fromEntries(Object.entries(properties).filter(([name]) => shared.test(name)));
}
