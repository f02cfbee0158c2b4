import type { CpuUse } from "../machine/cpu-span.js";

/** One side of one round. */
export interface DrainRound {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Of the process itself, from the same start to the same end as `seconds`. */
  readonly cpuSecondsPer100k: number;
  /** From the start of the process on: what connecting and compiling cost is in it. */
  readonly cpuSecondsWithStart: number;
  readonly peakMegabytes: number;
  readonly cpu: CpuUse;
}

export function drainRound(
  events: number,
  cpu: CpuUse,
  whole: { cpuSeconds: number; peakMegabytes: number },
): DrainRound {
  return {
    seconds: cpu.seconds,
    eventsPerSecond: events / cpu.seconds,
    cpuSecondsPer100k: (cpu.subject / events) * 100_000,
    cpuSecondsWithStart: whole.cpuSeconds,
    peakMegabytes: whole.peakMegabytes,
    cpu,
  };
}
