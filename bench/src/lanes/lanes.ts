import type { RunningServices } from "@siding/embedded/start-services.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ScenarioResult } from "../report/scenario-result.js";
import { type BatchesTurn, type LanesSpec, measureBatches } from "./measure-batches.js";

const FEW = { tenants: 10, held: 0 };
const MANY = { tenants: 10_000, held: 1_000 };
const nameOf = ({ tenants, held }: typeof FEW): string =>
  `${whole(tenants)} tenants, ${held === 0 ? "no lane" : `${whole(held)} in lanes`}`;

/** What a batch costs with many tenants and many lanes, beside few tenants and none. */
export async function lanes(services: RunningServices, spec: LanesSpec, turnsSpec: TurnsSpec): Promise<ScenarioResult> {
  const sides = [FEW, MANY].map(
    (population): Side<BatchesTurn> => ({
      name: nameOf(population),
      measure: (run) => measureBatches(services, spec, population, run),
      say: ({ msABatch }) => `${whole(msABatch)} ms for 5,000 events`,
    }),
  );
  // The broker compiles its code as it runs: its first hundred thousands of records are its slowest.
  await measureBatches(services, spec, FEW, `warm-${Date.now().toString(36)}`);
  const turns = await takeTurns(services, sides, turnsSpec);
  const cost = (population: typeof FEW): number =>
    median(counted(turns, nameOf(population)).map((turn) => turn.msABatch));
  return {
    name: "lanes",
    definition:
      `one shard with a backlog of ${whole(spec.events)}, from the shard taken until Postgres holds the main line's last ` +
      "event as promoted; of those in lanes half are paused and half go on with an event a second" +
      disturbance(turns),
    settings: { ...spec, rounds: turnsSpec.rounds },
    tables: [
      {
        title: "time for 5,000 published events, and shares of one core",
        head: ["turn", "ms", "batches", "published", "lanes left", "relay", "Postgres", "Kafka"],
        rows: turns.map(({ side, round, disturbed, figure }) => [
          `${side} ${round}${disturbed ? " disturbed" : ""}`,
          ...[figure.msABatch, figure.batches, figure.published, figure.lanes].map(whole),
          ...[figure.cpu.subject, figure.cpu.postgres, figure.cpu.kafka].map((cpu) =>
            coreShare(cpu, figure.cpu.seconds),
          ),
        ]),
      },
    ],
    targets: [
      {
        name: `time with ${nameOf(MANY)}, of that with ${nameOf(FEW)} (medians)`,
        figure: cost(MANY) / cost(FEW),
        unit: "",
        aim: { atMost: 1.5 },
      },
    ],
    figures: { turns },
  };
}
