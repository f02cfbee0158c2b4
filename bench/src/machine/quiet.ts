import { setTimeout as delay } from "node:timers/promises";
import type { RunningServices } from "@siding/embedded/start-services.js";
import type { CpuUse } from "./cpu-span.js";
import { startCpuSpan } from "./cpu-span.js";
import { ProcessMeter } from "./process-meter.js";

/** Cores in use by others above which a figure is not worth keeping while a better one can be had. */
const DISTURBED_CORES = 0.15;
const LOOK_MS = 1_000;
const TRIES_MAX = 3;

/** Waits for a second in which nobody else used the machine, for as long as `patienceSeconds`; then goes on anyway. */
export async function untilQuiet(services: RunningServices, patienceSeconds: number): Promise<void> {
  const self = new ProcessMeter(process.pid);
  const deadline = performance.now() + patienceSeconds * 1000;
  while (performance.now() < deadline) {
    const endSpan = startCpuSpan(services, self);
    await delay(LOOK_MS);
    if (othersCores(endSpan()) < DISTURBED_CORES) break;
  }
  self.stop();
}

/**
 * Measures on a quiet machine, as far as it can be had: a round beside which others were busy is measured again, and of
 * three such rounds the least disturbed one counts. What is chosen by is the others' CPU time, never the figure.
 */
export async function measureQuietly<T extends { readonly cpu: CpuUse }>(
  services: RunningServices,
  patienceSeconds: number,
  measure: () => Promise<T>,
): Promise<T> {
  let best: T | undefined;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    await untilQuiet(services, patienceSeconds);
    const round = await measure();
    if (best === undefined || othersCores(round.cpu) < othersCores(best.cpu)) best = round;
    if (othersCores(best.cpu) < DISTURBED_CORES || patienceSeconds === 0) break;
  }
  return best!;
}

export function othersCores(cpu: CpuUse): number {
  return cpu.others / cpu.seconds;
}
