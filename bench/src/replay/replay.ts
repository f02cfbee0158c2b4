import type { RunningServices } from "@siding/embedded/start-services.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, decimals, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ScenarioResult } from "../report/scenario-result.js";
import { besideReplay, type ReplaySpec, type ReplayTurn } from "./beside-replay.js";

const ALONE = "without a replay";
const REPLAYED = "beside a replay";

/** What other tenants notice of a replay. That it is exact, also under kill -9, is shown by `npm run torture -- replay`. */
export async function replay(
  services: RunningServices,
  spec: ReplaySpec,
  turnsSpec: TurnsSpec,
): Promise<ScenarioResult> {
  const side = (name: string): Side<ReplayTurn> => ({
    name,
    measure: (run) => besideReplay(services, spec, name === REPLAYED, run),
    say: ({ p50, p99, replayedPerSecond }) =>
      `p50 ${decimals(p50, 1)} ms, p99 ${decimals(p99, 1)} ms, ${whole(replayedPerSecond)} replayed/s`,
  });
  turnsSpec.say(`  the broker warms up for ${spec.brokerWarmUpSeconds} s`);
  const warmUp = { ...spec, warmUpSeconds: 0, seconds: spec.brokerWarmUpSeconds };
  if (spec.brokerWarmUpSeconds > 0) await besideReplay(services, warmUp, true, "warm-up");
  const turns = await takeTurns(services, [side(ALONE), side(REPLAYED)], turnsSpec);
  const p99 = (name: string): number => median(counted(turns, name).map((turn) => turn.p99));
  return {
    name: "replay",
    definition:
      `${spec.tenants} tenants with ${spec.perSecond} events/s together, while ${whole(spec.events)} published events of another one ` +
      "lie in the log, and are replayed again and again or not; the latency of the former from a COMMIT being sent until a " +
      `read_committed consumer has the event${disturbance(turns)}`,
    settings: { ...spec, rounds: turnsSpec.rounds },
    tables: [
      {
        title: "other tenants, milliseconds, and shares of one core",
        head: ["turn", "p50", "p90", "p99", "max", "replayed/s", "relay", "Postgres", "Kafka"],
        rows: turns.map(({ side: name, round, disturbed, figure }) => [
          `${name} ${round}${disturbed ? " disturbed" : ""}`,
          ...[figure.p50, figure.p90, figure.p99, figure.max].map((ms) => decimals(ms, 1)),
          whole(figure.replayedPerSecond),
          ...[figure.cpu.subject, figure.cpu.postgres, figure.cpu.kafka].map((cpu) =>
            coreShare(cpu, figure.cpu.seconds),
          ),
        ]),
      },
    ],
    targets: [
      {
        name: "other tenants' p99 beside a replay, of that without",
        figure: p99(REPLAYED) / p99(ALONE),
        unit: "",
        aim: { atMost: 2 },
      },
    ],
    figures: { turns },
  };
}
