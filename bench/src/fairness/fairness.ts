import type { RunningServices } from "@siding/embedded/start-services.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, decimals, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ScenarioResult } from "../report/scenario-result.js";
import { catchUp } from "./catch-up.js";
import { type FairnessSpec, type QuietTurn, quietTenants } from "./quiet-tenants.js";

const ALONE = "quiet tenants alone";
const FLOODED = "beside a flood";
const LIMITED = "beside a flood over its quota";

/** What quiet tenants notice of one that sends a hundred times as much, now and after a relay was away. */
export async function fairness(
  services: RunningServices,
  spec: FairnessSpec & { readonly backlog: number },
  turnsSpec: TurnsSpec,
): Promise<ScenarioResult> {
  const side = (name: string, flood: "none" | "free" | "limited"): Side<QuietTurn> => ({
    name,
    measure: (run) => quietTenants(services, spec, flood, run),
    say: ({ p50, p99 }) => `p50 ${decimals(p50, 1)} ms, p99 ${decimals(p99, 1)} ms`,
  });
  const sides = [side(ALONE, "none"), side(FLOODED, "free"), side(LIMITED, "limited")];
  turnsSpec.say(`  the broker warms up for ${spec.brokerWarmUpSeconds} s`);
  const warmUp = { ...spec, warmUpSeconds: 0, seconds: spec.brokerWarmUpSeconds };
  if (spec.brokerWarmUpSeconds > 0) await quietTenants(services, warmUp, "free", "warm-up");
  const turns = await takeTurns(services, sides, turnsSpec);
  const p99 = (name: string): number => median(counted(turns, name).map((turn) => turn.p99));
  const after = await catchUp(services, spec);
  turnsSpec.say(
    `  after a backlog of ${whole(spec.backlog)}: quiet tenants up to date in ${decimals(after.quietSeconds, 1)} s`,
  );
  return {
    name: "fairness",
    definition:
      `${spec.tenants} quiet tenants with ${spec.perSecond} events/s together, and one that sends ${spec.floodPerSecond}; ` +
      `their latency from a COMMIT being sent until a read_committed consumer has the event${disturbance(turns)}. ` +
      "After a relay was away: from its first shard taken until the last event of a quiet tenant is published",
    settings: { ...spec, rounds: turnsSpec.rounds },
    tables: [
      {
        title: "quiet tenants, milliseconds, and shares of one core",
        head: ["turn", "p50", "p90", "p99", "max", "flood/s", "relay", "Postgres", "Kafka"],
        rows: turns.map(({ side: name, round, disturbed, figure }) => [
          `${name} ${round}${disturbed ? " disturbed" : ""}`,
          ...[figure.p50, figure.p90, figure.p99, figure.max].map((ms) => decimals(ms, 1)),
          whole(figure.floodPerSecond),
          ...[figure.cpu.subject, figure.cpu.postgres, figure.cpu.kafka].map((cpu) =>
            coreShare(cpu, figure.cpu.seconds),
          ),
        ]),
      },
      {
        title: `a backlog of ${whole(spec.backlog)} events of one tenant, quiet ones among them`,
        head: ["", "seconds"],
        rows: [
          ["quiet tenants up to date", decimals(after.quietSeconds, 1)],
          ["all published", decimals(after.allSeconds, 1)],
        ],
      },
    ],
    targets: [
      {
        name: "quiet tenants' p99 beside a flood, of that without",
        figure: p99(FLOODED) / p99(ALONE),
        unit: "",
        aim: { atMost: 2 },
      },
      {
        name: "quiet tenants' p99 beside a flood over its quota, of that without",
        figure: p99(LIMITED) / p99(ALONE),
        unit: "",
        aim: { atMost: 2 },
      },
      { name: "quiet tenants up to date", figure: after.quietSeconds, unit: " s", aim: { atMost: 10 } },
    ],
    figures: { turns, after },
  };
}
