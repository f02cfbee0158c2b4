import type { BacklogWatch } from "../check/backlog-watch.js";
import type { DeliveryOutcome } from "../check/delivery-check.js";
import { percentile } from "./percentile.js";

const NAMED_MAX = 10;

/** Whether every committed event arrived once and in order, and nothing else was wrong. */
export function isClean({ verdict, faults }: DeliveryOutcome): boolean {
  const { missing, doubled, disordered, unexpected } = verdict;
  return [missing, doubled, disordered, unexpected, faults].every((each) => each.length === 0);
}

/** What came of it, and how long it took at times. */
export function renderOutcome(outcome: DeliveryOutcome, backlog: BacklogWatch, failoversMs: readonly number[]): string {
  return renderDelivery(outcome, [
    ["longest stall", `${seconds(backlog.longest.ms)}, during ${backlog.longest.during}`],
    ["failover after kill -9", failovers(failoversMs)],
  ]);
}

/** What came of it, one line a figure; of what is wrong the first few by name. */
export function renderDelivery({ verdict, faults }: DeliveryOutcome, times: readonly [string, string][] = []): string {
  const { missing, doubled, disordered, unexpected } = verdict;
  const lines: [string, string][] = [
    ["events committed", verdict.expected.toLocaleString("en-US")],
    ["missing", named(missing)],
    ["doubled", named(doubled)],
    ["disordered", named(disordered)],
    ["rolled back, and there", named(unexpected)],
    ...times,
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return [...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`), ...faults.map((each) => `FAULT ${each}`)]
    .map((line) => `${line}\n`)
    .join("");
}

export function failovers(ms: readonly number[]): string {
  if (ms.length === 0) return "none";
  const [median, p95, max] = [50, 95, 100].map((percent) => seconds(percentile(ms, percent)));
  return `median ${median}, p95 ${p95}, max ${max} (${ms.length} kills)`;
}

function named(names: readonly string[]): string {
  if (names.length === 0) return "0";
  const more = names.length > NAMED_MAX ? ", …" : "";
  return `${names.length}: ${names.slice(0, NAMED_MAX).join(", ")}${more}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
