import type { RunningServices } from "@siding/embedded/start-services.js";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import type { LatencyTurn } from "../latency/measure-stream.js";
import { stream } from "../latency/measure-stream.js";
import { BenchChild } from "../raw/child-process.js";
import { RelayProcess } from "../relay/relay-process.js";

export interface FairnessSpec {
  readonly tenants: number;
  readonly payloadBytes: number;
  readonly partitions: number;
  /** Of all quiet tenants together. */
  readonly perSecond: number;
  readonly floodPerSecond: number;
  readonly warmUpSeconds: number;
  /** A turn before all others, for the broker's compiler. */
  readonly brokerWarmUpSeconds: number;
  readonly seconds: number;
}

export interface QuietTurn extends LatencyTurn {
  /** What the flood enqueued. */
  readonly floodPerSecond: number;
}

/** Far beyond the events of the quiet ones: ids must not meet. */
const FLOOD_FROM = 1_000_000_000;
/** A fifth of what the flood sends: the other four wait. */
const LIMITED_PART = 5;

/** The latency of quiet tenants, alone or beside one that floods, with and without a quota that the flood is over. */
export async function quietTenants(
  services: RunningServices,
  spec: FairnessSpec,
  flood: "none" | "free" | "limited",
  run: string,
): Promise<QuietTurn> {
  const database = await createDatabase(services.databaseUrl);
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const place = { databaseUrl: database.url, topic: topic.name };
  const relay = new RelayProcess({
    ...{ databaseUrl: database.url, brokers: services.kafkaBrokers, deployment: `fairness-${run}` },
    tenantQuota: flood === "limited" ? `${Math.ceil(spec.floodPerSecond / LIMITED_PART)}/1s` : "none",
  });
  const noisy =
    flood === "none"
      ? null
      : new BenchChild("../fairness/flood.js", {
          ...{ ...place, tenantId: "noisy", firstEvent: FLOOD_FROM },
          ...{ perSecond: spec.floodPerSecond, payloadBytes: spec.payloadBytes },
        });
  try {
    await relay.allShardsTaken;
    await noisy?.hear("ready");
    noisy?.tell("go");
    const began = performance.now();
    const options = { ...spec, ...place, brokers: services.kafkaBrokers, firstEvent: 0, raw: null };
    const turn = await stream(services, relay, options);
    noisy?.tell("end");
    const done = await noisy?.hear<{ kind: "done"; enqueued: number }>("done");
    const floodPerSecond = ((done?.enqueued ?? 0) * 1_000) / (performance.now() - began);
    await noisy?.ended();
    await relay.stop();
    return { ...turn, floodPerSecond };
  } catch (error) {
    noisy?.kill();
    relay.kill();
    throw error;
  } finally {
    await database.drop();
    await topic.drop();
  }
}
