import type { RunningServices } from "@siding/embedded/start-services.js";
import { familyCpuSeconds, machineCpuSeconds, processUse } from "./proc-stat.js";
import type { ProcessMeter } from "./process-meter.js";

/** Who used the CPU between two moments, in seconds. Null: a server that was not started here. */
export interface CpuUse {
  readonly subject: number;
  readonly postgres: number | null;
  readonly kafka: number | null;
  /** This benchmark's own process: it watches, and in some scenarios makes the load. */
  readonly bench: number;
  /** Everything else on the machine. A figure taken beside much of it is worth little. */
  readonly others: number;
  readonly seconds: number;
}

interface Reading {
  readonly atMs: number;
  readonly subject: number;
  readonly postgres: number | null;
  readonly kafka: number | null;
  readonly bench: number;
  readonly machine: number;
}

/**
 * Begins to count; the function that it answers ends the span.
 * @param subject what is measured @param helpers processes of the benchmark beside this one
 */
export function startCpuSpan(
  services: RunningServices,
  subject: ProcessMeter | null,
  helpers: readonly number[] = [],
): () => CpuUse {
  const read = (): Reading => ({
    atMs: performance.now(),
    subject: subject?.read().cpuSeconds ?? 0,
    postgres: services.postgres ? familyCpuSeconds(services.postgres.pid) : null,
    kafka: services.kafka ? (processUse(services.kafka.pid)?.cpuSeconds ?? null) : null,
    bench: [process.pid, ...helpers].reduce((sum, pid) => sum + (processUse(pid)?.cpuSeconds ?? 0), 0),
    machine: machineCpuSeconds(),
  });
  const from = read();
  return () => {
    const to = read();
    const part = {
      subject: to.subject - from.subject,
      postgres: difference(to.postgres, from.postgres),
      kafka: difference(to.kafka, from.kafka),
      bench: to.bench - from.bench,
    };
    const known = part.subject + (part.postgres ?? 0) + (part.kafka ?? 0) + part.bench;
    const others = Math.max(0, to.machine - from.machine - known);
    return { ...part, others, seconds: (to.atMs - from.atMs) / 1000 };
  };
}

function difference(to: number | null, from: number | null): number | null {
  return to === null || from === null ? null : to - from;
}
