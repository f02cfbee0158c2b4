import Table from "cli-table3";
import { isMet, type ScenarioResult, type Target } from "./scenario-result.js";

const PLAIN = { head: [], border: [], compact: true };

export function printResult(result: ScenarioResult): void {
  const lines: string[] = ["", `${result.name}: ${result.definition}`];
  for (const { title, head, rows } of result.tables) {
    const table = new Table({
      head: [...head],
      style: PLAIN,
      colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    });
    for (const row of rows) table.push([...row]);
    lines.push("", title, table.toString());
  }
  for (const target of result.targets) lines.push(describe(target));
  process.stdout.write(`${lines.join("\n")}\n`);
}

function describe(target: Target): string {
  const aim = "atLeast" in target.aim ? `at least ${target.aim.atLeast}` : `at most ${target.aim.atMost}`;
  const figure = `${Number(target.figure.toPrecision(3))}${target.unit}`;
  return `  ${isMet(target) ? "met   " : "MISSED"} ${target.name}: ${figure} (aim: ${aim}${target.unit})`;
}
