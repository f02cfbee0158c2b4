import { createColors } from "picocolors";
import { PROBLEM_KINDS } from "./checker.js";
import type { LatencySummary, ProgressSnapshot } from "./run-progress.js";

/** `8.3 ms`, `140 ms`, `2.1 s`, or a dash. */
export function formatMs(ms: number | null): string {
  if (ms === null) return "-";
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** `p50 8.3 ms, p99 31.0 ms` */
export function formatLatency({ p50Ms, p99Ms }: LatencySummary): string {
  return `p50 ${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}`;
}

/** `missing 0, duplicated 0, …` */
export function formatProblems(problems: ProgressSnapshot["problems"]): string {
  return PROBLEM_KINDS.map((kind) => `${kind} ${problems[kind]}`).join(", ");
}

/** One line of a run that no terminal watches. */
export function renderProgressLine(progress: ProgressSnapshot, stage: string): string {
  return [
    `${stage} ${Math.round(progress.elapsedMs / 1_000)} s`,
    `${Math.round(progress.eventsPerSecond)} events/s`,
    `published ${progress.arrived}`,
    `rolled back ${progress.rolledBack}`,
    `waiting ${progress.waiting}`,
    `latency ${formatLatency(progress.latency)}`,
    formatProblems(progress.problems),
  ].join(", ");
}

export interface FrameOptions {
  readonly progress: ProgressSnapshot;
  /** What is going on, such as `running, 12 s of 20 s; Ctrl-C ends it with a verdict`. */
  readonly stage: string;
  readonly warnings: readonly string[];
  readonly columns: number;
  readonly color: boolean;
}

const TENANTS_SHOWN = 8;
const NAME_WIDTH = 16;
const RATE_WIDTH = 10;

/** The live view: a few lines, none wider than the terminal, which would break the drawing over them. */
export function renderFrame({ progress, stage, warnings, columns, color }: FrameOptions): string {
  const { bold, dim, green, red, yellow, cyan } = createColors(color);
  const width = Math.max(20, columns - 1);
  const fit = (text: string, paint: (text: string) => string = (plain) => plain): string => paint(cut(text, width));
  const isSound = PROBLEM_KINDS.every((kind) => progress.problems[kind] === 0);
  const oldest = progress.oldestWaitingMs === null ? "" : `, the oldest for ${formatMs(progress.oldestWaitingMs)}`;
  const busiest = progress.tenants[0]?.eventsPerSecond ?? 1;
  const barWidth = Math.max(5, Math.min(40, width - NAME_WIDTH - RATE_WIDTH - 2));
  const bars = progress.tenants.slice(0, TENANTS_SHOWN).map(({ tenantId, eventsPerSecond }) => {
    const bar = "█".repeat(Math.max(1, Math.round((barWidth * eventsPerSecond) / busiest)));
    const rate = `${eventsPerSecond.toFixed(1)}/s`.padStart(RATE_WIDTH);
    return `${cut(tenantId, NAME_WIDTH).padEnd(NAME_WIDTH)}${rate}  ${cyan(bar)}`;
  });
  return [
    fit(`siding dev: ${stage}`, bold),
    "",
    fit(
      `${Math.round(progress.eventsPerSecond)} events/s   latency ${formatLatency(progress.latency)}, enqueue to consumer`,
    ),
    fit(`published ${progress.arrived}   rolled back ${progress.rolledBack}   waiting ${progress.waiting}${oldest}`),
    fit(formatProblems(progress.problems), isSound ? green : red),
    "",
    ...bars,
    ...(warnings.length > 0 ? [""] : []),
    ...warnings.map((warning) => fit(warning, yellow)),
    ...(progress.arrived === 0 ? [fit("waiting for the first event to arrive", dim)] : []),
  ].join("\n");
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}
