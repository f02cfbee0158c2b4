import Table from "cli-table3";
import { createColors } from "picocolors";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut where the terminal is too narrow; the first of these gives way first, down to a few characters. */
  readonly isElastic?: boolean;
}

/** A cell's text, or with it how a terminal shows it: applied last, because text of others may hold no escape codes. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const GAP = 2;
const NARROWEST = 6;

/**
 * A table without borders, readable by eye and by awk, no wider than `width`.
 * @param width undefined where nobody's terminal has to hold it
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
  color: boolean,
): string {
  const { bold } = createColors(color);
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === "string" ? cell : cell.text)));
  const natural = columns.map((column, i) => Math.max(...[column.title, ...texts.map((row) => row[i]!)].map(lengthOf)));
  const noLines = ["top", "bottom", "mid", "left", "right"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${side}${end}`, ""] as const),
  );
  const table = new Table({
    chars: { ...Object.fromEntries(noLines), middle: " ".repeat(GAP) },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    head: columns.map(({ title }) => bold(title)),
    colAligns: columns.map(({ align }) => align ?? "left"),
    colWidths: width === undefined ? natural : fitted(columns, natural, width),
  });
  const paint = (text: string, cell: Cell): string => (typeof cell === "string" ? text : cell.paint(text));
  table.push(...texts.map((row, y) => row.map((text, x) => paint(text, rows[y]![x]!))));
  return `${table.toString().replace(/[ \t]+$/gm, "")}\n`;
}

/** The columns' widths, with the elastic ones narrowed until the line fits, or nothing is left to take. */
function fitted(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = natural.reduce((sum, each) => sum + each, GAP * (columns.length - 1)) - width;
  columns.forEach(({ isElastic, title }, i) => {
    if (isElastic !== true || excess <= 0) return;
    const given = Math.min(excess, Math.max(0, widths[i]! - Math.max(NARROWEST, title.length)));
    widths[i]! -= given;
    excess -= given;
  });
  return widths;
}

/** Names come from applications: a control character would move the reader's cursor, or worse. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, "\u{FFFD}");
}

function lengthOf(text: string): number {
  return [...text].length;
}
