import { join } from "node:path";
import { freePorts } from "@siding/embedded/free-ports.js";
import type { RunningKafka } from "@siding/embedded/start-kafka.js";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { SeededRandom } from "@siding/testkit/random.js";
import { createTopics, SAMPLE_PARTITIONS as PARTITIONS } from "siding/dev/create-topics.js";
import { TcpProxy } from "../proxy/tcp-proxy.js";
import { RelaySlot } from "../relay/relay-slot.js";
import type { RunLog } from "./run-log.js";
import { startBroker } from "./start-broker.js";

export const TOPIC = "counted";
export { PARTITIONS };

const RELAYS = ["a", "b"];

/** The real systems, two relays behind proxies of their own, and the chance that decides what happens to them. */
export interface World {
  readonly postgres: RunningPostgres;
  readonly kafka: RunningKafka;
  readonly relays: readonly RelaySlot[];
  readonly leaseMs: number;
  readonly random: SeededRandom;
  readonly log: RunLog;
  /** Ends everything, in whatever state it is. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly leaseMs: number;
  readonly seed: number;
  readonly log: RunLog;
  /** 4 where nothing is said. */
  readonly shards?: number;
  /** Of the topic, beyond the broker's defaults. */
  readonly topicConfig?: Readonly<Record<string, string>>;
}

export async function openWorld({ leaseMs, seed, log, shards, topicConfig }: WorldOptions): Promise<World> {
  const [postgres, { kafka, doors }] = await Promise.all([
    // What a crash of the server may lose is not what a crash of the machine may lose: fsync plays no part here.
    startPostgres({ settings: { max_connections: 200, fsync: false } }),
    startBroker(RELAYS.length),
  ]);
  await migrate({ databaseUrl: postgres.url, ...(shards === undefined ? {} : { shards }) });
  await createTopics({ brokers: kafka.brokers, properties: {} }, [TOPIC], topicConfig);
  const ports = await freePorts(RELAYS.length);
  const relays: RelaySlot[] = [];
  for (const [index, name] of RELAYS.entries()) {
    const toPostgres = await TcpProxy.open({ port: ports[index]!, targetPort: postgres.port });
    const toKafka = await TcpProxy.open(doors[index]!);
    const databaseUrl = new URL(postgres.url);
    databaseUrl.port = String(ports[index]);
    relays.push(
      new RelaySlot({
        name,
        toPostgres,
        toKafka,
        logFile: join(log.directory, `relay-${name}.log`),
        environment: {
          DATABASE_URL: databaseUrl.href,
          KAFKA_BROKERS: `127.0.0.1:${doors[index]!.port}`,
          SIDING_DEPLOYMENT: "torture",
          SIDING_LEASE_MS: String(leaseMs),
          SIDING_HTTP: "127.0.0.1:0",
          SIDING_TENANT_QUOTA: "none",
          // As bin/siding.js does: each shard's transaction blocks a thread while it waits for Kafka.
          UV_THREADPOOL_SIZE: "16",
        },
      }),
    );
  }
  return {
    ...{ postgres, kafka, relays, leaseMs, random: new SeededRandom(seed), log },
    close: async () => {
      await Promise.all(relays.map((relay) => relay.stop()));
      await Promise.all(relays.flatMap((relay) => [relay.toPostgres.close(), relay.toKafka.close()]));
      await Promise.all([postgres.stop("immediate"), kafka.stop("immediate")]);
    },
  };
}
