import type { RunningServices } from "@siding/embedded/start-services.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, decimals } from "../report/format.js";
import { median } from "../report/median.js";
import type { ScenarioResult, Target } from "../report/scenario-result.js";
import { type Delivery, type LatencySpec, type LatencyTurn, throughRelay, withoutDatabase } from "./measure-stream.js";

/** Milliseconds that are aimed at, at 500 events a second. */
const AIMS: Record<Delivery, { p50: number; p99: number }> = {
  "exactly-once": { p50: 8, p99: 25 },
  "at-least-once": { p50: 3, p99: 10 },
};

/** A steady stream of events, each in its own transaction, beside the same records from the client alone. */
export async function latency(
  services: RunningServices,
  spec: LatencySpec,
  turnsSpec: TurnsSpec,
): Promise<ScenarioResult> {
  const side = (name: string, delivery: Delivery, measure: typeof throughRelay): Side<LatencyTurn> => ({
    name: `${delivery} ${name}`,
    measure: (run) => measure(services, spec, delivery, run),
    say: ({ p50, p99 }) => `p50 ${decimals(p50, 1)} ms, p99 ${decimals(p99, 1)} ms`,
  });
  const deliveries: readonly Delivery[] = ["exactly-once", "at-least-once"];
  const sides = deliveries.flatMap((delivery) => [
    side("raw", delivery, withoutDatabase),
    side("relay", delivery, throughRelay),
  ]);
  // A broker compiles its own code for minutes, on the cores that the first turns would be measured on.
  turnsSpec.say(`  the broker warms up for ${spec.brokerWarmUpSeconds} s`);
  const warmUp = { ...spec, warmUpSeconds: 0, seconds: spec.brokerWarmUpSeconds };
  if (spec.brokerWarmUpSeconds > 0) await throughRelay(services, warmUp, "exactly-once", "warm-up");
  const turns = await takeTurns(services, sides, turnsSpec);
  const targets = deliveries.flatMap((delivery): Target[] =>
    (["p50", "p99"] as const).map((name) => ({
      name: `${delivery} ${name}`,
      figure: median(counted(turns, `${delivery} relay`).map((turn) => turn[name])),
      unit: " ms",
      aim: { atMost: AIMS[delivery][name] },
    })),
  );
  return {
    name: "latency",
    definition:
      `relay: from a COMMIT being sent until a read_committed consumer has the event, ${spec.perSecond} events/s; ` +
      `raw: from being handed to the client, no database${disturbance(turns)}`,
    settings: { ...spec, rounds: turnsSpec.rounds },
    tables: [
      {
        title: "milliseconds, and shares of one core",
        head: ["turn", "p50", "p90", "p99", "max", "relay", "Postgres", "Kafka", "load"],
        rows: turns.map(({ side: name, round, disturbed, figure }) => [
          `${name} ${round}${disturbed ? " disturbed" : ""}`,
          ...[figure.p50, figure.p90, figure.p99, figure.max].map((ms) => decimals(ms, 1)),
          ...[figure.cpu.subject, figure.cpu.postgres, figure.cpu.kafka, figure.cpu.bench].map((cpu) =>
            coreShare(cpu, figure.cpu.seconds),
          ),
        ]),
      },
    ],
    targets,
    figures: { turns },
  };
}
