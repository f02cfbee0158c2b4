import type { RunningServices } from "@siding/embedded/start-services.js";
import { createTopic } from "../events/bench-topic.js";
import { startCpuSpan } from "../machine/cpu-span.js";
import { BenchChild } from "../raw/child-process.js";
import type { ProduceBacklogOptions } from "../raw/produce-backlog.js";
import type { DrainSpec } from "./drain-relay.js";
import { type DrainRound, drainRound } from "./drain-round.js";

const SHARDS = 4;
/** SIDING_BATCH_EVENTS' default. */
const BATCH_EVENTS = 5_000;

/**
 * The same records without a database: what this client can do with this broker on this machine. The time runs from
 * the first beginTransaction to the answer to the last commitTransaction.
 */
export async function drainRaw(services: RunningServices, spec: DrainSpec, name: string): Promise<DrainRound> {
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const numberTopic = await createTopic(services.kafkaBrokers, SHARDS);
  const options: ProduceBacklogOptions = {
    ...{ tenants: spec.tenants, payloadBytes: spec.payloadBytes, events: spec.events },
    ...{ brokers: services.kafkaBrokers, name, topic: topic.name, numberTopic: numberTopic.name },
    ...{ shards: SHARDS, batchEvents: BATCH_EVENTS },
  };
  const child = new BenchChild("./produce-backlog.js", options);
  try {
    await child.hear("ready");
    const endSpan = startCpuSpan(services, child.meter);
    child.tell("go");
    await child.hear("done");
    const cpu = endSpan();
    const use = child.meter.stop();
    child.tell("end");
    await child.ended();
    return drainRound(spec.events, cpu, use);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    await topic.drop();
    await numberTopic.drop();
  }
}
