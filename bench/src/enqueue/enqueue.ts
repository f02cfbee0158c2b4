import type { RunningServices } from "@siding/embedded/start-services.js";
import type { SampleShape } from "../events/sample-event.js";
import { counted, disturbance, type Side, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, percent, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ResultTable, ScenarioResult, Target } from "../report/scenario-result.js";
import { BY_FUNCTION, BY_INSERT, type EnqueueTurn, measureInserts } from "./measure-inserts.js";

/** How many rows a transaction writes: alone the commit weighs most, of a hundred the statement. */
const SIZES = [1, 100];

/** `siding.enqueue` beside a plain INSERT of the same row into the same table, turn by turn. */
export async function enqueue(
  services: RunningServices,
  shape: SampleShape & { readonly seconds: number },
  turnsSpec: TurnsSpec,
): Promise<ScenarioResult> {
  const tables: ResultTable[] = [];
  const targets: Target[] = [];
  const figures: object[] = [];
  let warning = "";
  for (const rowsPerTransaction of SIZES) {
    const spec = { ...shape, rowsPerTransaction };
    const side = (name: string, statement: typeof BY_INSERT): Side<EnqueueTurn> => ({
      name,
      measure: () => measureInserts(services, statement, spec),
      say: ({ rowsPerSecond }) => `${whole(rowsPerSecond)} rows/s, ${rowsPerTransaction} a transaction`,
    });
    const turns = await takeTurns(services, [side("insert", BY_INSERT), side("enqueue", BY_FUNCTION)], turnsSpec);
    const speed = (name: string): number => median(counted(turns, name).map((turn) => turn.rowsPerSecond));
    const ratio = speed("enqueue") / speed("insert");
    warning = disturbance(turns) || warning;
    tables.push({
      title: `${rowsPerTransaction} a transaction: enqueue ${whole(speed("enqueue"))} rows/s, ${percent(ratio)} of INSERT`,
      head: ["turn", "rows/s", "Postgres", "this benchmark", "others"],
      rows: turns.map(({ side, round, disturbed, figure: { rowsPerSecond, cpu } }) => [
        `${side} ${round}${disturbed ? " disturbed" : ""}`,
        whole(rowsPerSecond),
        ...[cpu.postgres, cpu.bench, cpu.others].map((part) => coreShare(part, cpu.seconds)),
      ]),
    });
    const name = `enqueue, of a plain INSERT (medians, ${rowsPerTransaction} a transaction)`;
    targets.push({ name, figure: ratio, unit: "", aim: { atLeast: 0.8 } });
    figures.push({ rowsPerTransaction, ratio, turns });
  }
  return {
    name: "enqueue",
    definition: `rows a second of two connections, each row a statement of its own, prepared by name${warning}`,
    settings: { ...shape, rounds: turnsSpec.rounds },
    tables,
    targets,
    figures,
  };
}
