import { type Checker, PROBLEM_KINDS } from "./checker.js";
import { formatLatency, formatProblems } from "./render-progress.js";
import { problemCounts, type RunProgress, summarize } from "./run-progress.js";

export interface Verdict {
  readonly isPassed: boolean;
  readonly lines: readonly string[];
}

const PROBLEMS_SHOWN = 10;

/** @param ranMs for how long events were enqueued */
export function renderVerdict(checker: Checker, progress: RunProgress, repeats: number, ranMs: number): Verdict {
  const found = PROBLEM_KINDS.reduce((sum, kind) => sum + checker.count(kind), 0);
  const isPassed = found === 0 && checker.committedEvents > 0;
  const seconds = Math.max(0.001, ranMs / 1_000);
  const shown = checker.problems
    .slice(0, PROBLEMS_SHOWN)
    .map(({ kind, subject, what }) => `${kind} ${subject}: ${what}`);
  if (found > shown.length) shown.push(`and ${found - shown.length} more`);
  if (checker.committedEvents === 0) shown.push("no event was committed, so nothing was checked");
  const counts = `published ${checker.arrivedEvents}, rolled back ${checker.rolledBackEvents}`;
  return {
    isPassed,
    lines: [
      ...shown,
      `${isPassed ? "passed" : "FAILED"}: ${counts}, ${formatProblems(problemCounts(checker))}`,
      `${Math.round(checker.arrivedEvents / seconds)} events/s for ${seconds.toFixed(1)} s; latency from enqueue to consumer ` +
        `${formatLatency(summarize(progress.fromEnqueue))}; from commit ${formatLatency(summarize(progress.fromCommit))}; ` +
        `${repeats} repeated enqueues recognised`,
    ],
  };
}
