import { setTimeout as delay } from "node:timers/promises";
import type { RunningServices } from "@siding/embedded/start-services.js";
import { createDatabase } from "../events/bench-database.js";
import { startCpuSpan } from "../machine/cpu-span.js";
import { RelayProcess } from "../relay/relay-process.js";
import { coreShare } from "../report/format.js";
import type { ScenarioResult } from "../report/scenario-result.js";

/** What starting up leaves to be compiled and collected is not what an idle relay costs. */
const SETTLE_MS = 15_000;

/** What a relay costs that has nothing to do: itself, and what it asks of the servers. */
export async function idle(services: RunningServices, spec: { readonly seconds: number }): Promise<ScenarioResult> {
  const database = await createDatabase(services.databaseUrl);
  const deployment = `bench-idle-${Date.now().toString(36)}`;
  const relay = new RelayProcess({ databaseUrl: database.url, brokers: services.kafkaBrokers, deployment });
  try {
    await relay.allShardsTaken;
    await delay(SETTLE_MS);
    const endSpan = startCpuSpan(services, relay.meter);
    await delay(spec.seconds * 1_000);
    const cpu = endSpan();
    await relay.stop();
    const parts = [cpu.subject, cpu.postgres, cpu.kafka, cpu.others];
    return {
      name: "idle",
      definition: "a relay with four shards and nothing to publish, as shares of one core",
      settings: spec,
      tables: [
        {
          title: `over ${spec.seconds} s`,
          head: ["relay", "Postgres", "Kafka", "others"],
          rows: [parts.map((part) => coreShare(part, cpu.seconds))],
        },
      ],
      targets: [
        {
          name: "idle relay's CPU, % of a core",
          figure: (100 * cpu.subject) / cpu.seconds,
          unit: " %",
          aim: { atMost: 1 },
        },
      ],
      figures: cpu,
    };
  } catch (error) {
    relay.kill();
    throw error;
  } finally {
    await database.drop();
  }
}
