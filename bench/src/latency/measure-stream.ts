import type { RunningServices } from "@siding/embedded/start-services.js";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import type { SampleShape } from "../events/sample-event.js";
import { type CpuUse, startCpuSpan } from "../machine/cpu-span.js";
import { BenchChild } from "../raw/child-process.js";
import { RelayProcess } from "../relay/relay-process.js";
import type { StreamDone, StreamOptions } from "./stream-options.js";

export interface LatencySpec extends SampleShape {
  readonly partitions: number;
  readonly shards: number;
  readonly perSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** A turn before all others, which counts for nothing. */
  readonly brokerWarmUpSeconds: number;
}

export type Delivery = "exactly-once" | "at-least-once";

export interface LatencyTurn {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly events: number;
  readonly cpu: CpuUse;
}

/** From a COMMIT being sent to its event in the hands of a read_committed consumer, with a relay in between. */
export async function throughRelay(
  services: RunningServices,
  spec: LatencySpec,
  delivery: Delivery,
  run: string,
): Promise<LatencyTurn> {
  const database = await createDatabase(services.databaseUrl, spec.shards);
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const relay = new RelayProcess({
    ...{ databaseUrl: database.url, brokers: services.kafkaBrokers, deployment: `latency-${run}`, delivery },
    shards: spec.shards,
  });
  try {
    await relay.allShardsTaken;
    const turn = await stream(services, relay, {
      ...{ ...spec, brokers: services.kafkaBrokers, databaseUrl: database.url, topic: topic.name },
      ...{ firstEvent: 0, raw: null },
    });
    await relay.stop();
    return turn;
  } catch (error) {
    relay.kill();
    throw error;
  } finally {
    await database.drop();
    await topic.drop();
  }
}

/** The same records from the same client with no database: from being handed over to the consumer. */
export async function withoutDatabase(
  services: RunningServices,
  spec: LatencySpec,
  delivery: Delivery,
  run: string,
): Promise<LatencyTurn> {
  const brokers = services.kafkaBrokers;
  const topic = await createTopic(brokers, spec.partitions);
  const numberTopic = delivery === "exactly-once" ? await createTopic(brokers, spec.shards) : null;
  try {
    const raw = { name: `latency-raw-${run}`, shards: spec.shards, numberTopic: numberTopic?.name ?? null };
    const place = { brokers, databaseUrl: services.databaseUrl, topic: topic.name };
    return await stream(services, null, { ...spec, ...place, firstEvent: 0, raw });
  } finally {
    await topic.drop();
    await numberTopic?.drop();
  }
}

/** Runs a stream beside a relay that is ready, or beside none, and says how long its events took. */
export async function stream(
  services: RunningServices,
  relay: RelayProcess | null,
  options: StreamOptions,
): Promise<LatencyTurn> {
  const child = new BenchChild("../latency/stream.js", options);
  try {
    await child.hear("ready");
    const endSpan = startCpuSpan(services, relay?.meter ?? null, [child.pid]);
    child.tell("go");
    const done = await child.hear<StreamDone>("done");
    const cpu = endSpan();
    child.kill();
    await child.ended();
    if (done.arrived < done.offered) throw new Error(`${done.offered - done.arrived} events never arrived`);
    const sorted = [...done.latenciesMs].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1)!, events: sorted.length, cpu };
  } catch (error) {
    child.kill();
    throw error;
  }
}
