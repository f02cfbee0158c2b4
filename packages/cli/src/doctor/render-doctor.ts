import { createColors } from "picocolors";
import type { TableOptions } from "../inspect/print-answer.js";
import { printable } from "../status/plain-table.js";
import type { Finding, Level } from "./finding.js";
import type { Diagnosis } from "./run-doctor.js";

const ORDER: readonly Level[] = ["problem", "warning", "ok", "unchecked"];
const LEVEL_WIDTH = 9;
const TEXT_MIN = 30;

/** `siding doctor -o json`. Names are public and only added to. */
export function renderDoctorJson({ findings, exit }: Diagnosis): string {
  const seen = sorted(findings).filter(({ level }) => level !== "unchecked");
  const document = {
    ok: exit === 0,
    findings: seen.map(({ check, level, what, mend }) => ({ check, level, what, mend })),
    unchecked: findings
      .filter(({ level }) => level === "unchecked")
      .map(({ check, what, mend }) => ({ check, what, how: mend })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The worst first, each with its mend below it; a mend is one line however long, so that it can be copied. */
export function renderDoctorTable({ findings }: Diagnosis, { width, color }: TableOptions): string {
  const { red, yellow, green, dim } = createColors(color);
  const paint = { problem: red, warning: yellow, ok: green, unchecked: dim };
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = LEVEL_WIDTH + 2 + checkWidth + 2;
  const textWidth = width === undefined ? Number.POSITIVE_INFINITY : Math.max(TEXT_MIN, width - indent);
  const lines = sorted(findings).flatMap(({ check, level, what, mend }) => {
    const [first, ...rest] = wrapped(printable(what), textWidth);
    const head = `${paint[level](level.padEnd(LEVEL_WIDTH))}  ${check.padEnd(checkWidth)}  ${first}`;
    const body = rest.map((line) => `${" ".repeat(indent)}${line}`);
    const how =
      mend === null
        ? []
        : [dim(`${" ".repeat(LEVEL_WIDTH + 2)}${level === "unchecked" ? "look" : "mend"}: ${printable(mend)}`)];
    return [head, ...body, ...how];
  });
  const counts = ORDER.map((level) => `${findings.filter((each) => each.level === level).length} ${level}`);
  return `${lines.join("\n")}\n${counts.join(", ")}\n`;
}

function sorted(findings: readonly Finding[]): Finding[] {
  return ORDER.flatMap((level) => findings.filter((finding) => finding.level === level));
}

/** Broken between words; a word that is longer than a line stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
