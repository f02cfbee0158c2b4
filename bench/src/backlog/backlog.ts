import type { RunningServices } from "@siding/embedded/start-services.js";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, decimals, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ScenarioResult } from "../report/scenario-result.js";
import { fillRows, ROW_PAYLOAD_BYTES } from "./fill-rows.js";
import { measureStretch, type Stretch } from "./measure-stretch.js";

export interface BacklogSpec {
  /** Of the great backlog. */
  readonly events: number;
  readonly tenants: number;
  readonly partitions: number;
}

const SMALL_EVENTS = 100_000;
/** Less than the small backlog holds: towards its end some shards would have run dry. */
const MEASURED_EVENTS = 80_000;
const SMALL = `a backlog of ${whole(SMALL_EVENTS)}`;

/** Whether a relay drains a great backlog as fast as a small one, at its beginning, in its middle and near its end. */
export async function backlog(
  services: RunningServices,
  spec: BacklogSpec,
  turnsSpec: TurnsSpec,
): Promise<ScenarioResult> {
  const { say } = turnsSpec;
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const great = await createDatabase(services.databaseUrl);
  const stamp = Date.now().toString(36);
  try {
    const shape = { tenants: spec.tenants, topic: topic.name };
    const small = async (run: string): Promise<Stretch> => {
      const database = await createDatabase(services.databaseUrl);
      try {
        const first = await fillRows(database.url, { ...shape, events: SMALL_EVENTS }, () => {});
        const place = { databaseUrl: database.url, deployment: `small-${run}`, behindSeq: first - 1 };
        return await measureStretch(services, { ...place, events: MEASURED_EVENTS });
      } finally {
        await database.drop();
      }
    };
    const first = await fillRows(great.url, { ...shape, events: spec.events }, say);
    const side = (name: string, measure: Side<Stretch>["measure"]): Side<Stretch> => ({
      ...{ name, measure },
      say: ({ eventsPerSecond }) => `${whole(eventsPerSecond)} events/s`,
    });
    const places: readonly [string, number][] = [
      ["at its beginning", 0],
      ["in its middle", Math.floor(spec.events / 2)],
      ["near its end", spec.events - SMALL_EVENTS],
    ];
    const greatSides = places.map(([where, passed]) => {
      const place = { databaseUrl: great.url, deployment: `great-${stamp}`, behindSeq: first - 1 + passed };
      return side(`${whole(spec.events)} ${where}`, () =>
        measureStretch(services, { ...place, events: MEASURED_EVENTS }),
      );
    });
    const sides = [side(SMALL, small), ...greatSides];
    // The broker compiles its code as it runs: its first hundred thousands of records are its slowest.
    for (const { measure } of sides) await measure(`warm-${stamp}`);
    const turns = await takeTurns(services, sides, turnsSpec);
    const speed = (name: string): number => median(counted(turns, name).map((turn) => turn.eventsPerSecond));
    return {
      name: "backlog",
      definition:
        `${whole(MEASURED_EVENTS)} events of a backlog, from a relay's first shard taken until Postgres holds them as ` +
        `promoted; payloads of about ${ROW_PAYLOAD_BYTES} bytes; before each turn the cursor was put where it ` +
        `begins, with the whole log before and behind it${disturbance(turns)}`,
      settings: { ...spec, rounds: turnsSpec.rounds },
      tables: [
        {
          title: `events a second, and shares of one core (${SMALL}: median ${whole(speed(SMALL))})`,
          head: ["turn", "seconds", "events/s", "relay", "Postgres", "Kafka"],
          rows: turns.map(({ side: name, round, disturbed, figure }) => [
            `${name} ${round}${disturbed ? " disturbed" : ""}`,
            ...[decimals(figure.seconds, 2), whole(figure.eventsPerSecond)],
            ...[figure.cpu.subject, figure.cpu.postgres, figure.cpu.kafka].map((cpu) =>
              coreShare(cpu, figure.cpu.seconds),
            ),
          ]),
        },
      ],
      targets: greatSides.map(({ name }) => ({
        name: `speed with ${name}, of ${SMALL} (medians)`,
        figure: speed(name) / speed(SMALL),
        unit: "",
        aim: { atLeast: 0.9 },
      })),
      figures: { turns },
    };
  } finally {
    await great.drop();
    await topic.drop();
  }
}
