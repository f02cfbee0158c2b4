import { FAIL_POINTS, type FailPoint } from "@siding/core/ports/fail-point.js";
import { renderTable } from "siding/status/plain-table.js";
import { FAULT_NAMES, type FaultName } from "../faults/fault-kinds.js";

/** How often each fault was done at each point. */
export class FaultTable {
  readonly #counts = new Map<string, number>();
  /** How often no relay came to a point in time, so that nothing was done there. */
  unreached = 0;

  count(point: FailPoint, fault: FaultName): void {
    const name = `${point} ${fault}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many of all combinations there were. */
  get coverage(): string {
    return `${this.#counts.size} of ${FAIL_POINTS.length * FAULT_NAMES.length}`;
  }

  /** A line for each point, a column for each fault, as many lines of heading as its words need. */
  render(): string {
    const words = FAULT_NAMES.map((fault) => fault.split(" "));
    const headLines = Math.max(...words.map((each) => each.length));
    const columns = ["", ...words.map((each) => each[0]!), "all"].map((title, i) => ({
      title,
      align: i === 0 ? ("left" as const) : ("right" as const),
    }));
    const heads = Array.from({ length: headLines - 1 }, (_, line) => [
      "",
      ...words.map((each) => each[line + 1] ?? ""),
      "",
    ]);
    const lines = FAIL_POINTS.map((point) => {
      const counts = FAULT_NAMES.map((fault) => this.#counts.get(`${point} ${fault}`) ?? 0);
      return [point, ...counts.map(shown), shown(sum(counts))];
    });
    const sums = FAULT_NAMES.map((fault) =>
      shown(sum(FAIL_POINTS.map((point) => this.#counts.get(`${point} ${fault}`) ?? 0))),
    );
    return renderTable(columns, [...heads, ...lines, ["all", ...sums, shown(this.total)]], undefined, false);
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function shown(count: number): string {
  return count === 0 ? "·" : String(count);
}
