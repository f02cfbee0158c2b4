import { setTimeout as delay } from "node:timers/promises";
import type { RunningServices } from "@siding/embedded/start-services.js";
import { type CpuUse, startCpuSpan } from "./cpu-span.js";

/** Cores in use by others beside which a figure does not count, while there are others to count. */
const DISTURBED_CORES = 0.15;
const LOOK_MS = 1_000;

/** Waits for a second in which nobody else used the machine, for as long as `patienceSeconds`; then goes on anyway. */
export async function untilQuiet(services: RunningServices, patienceSeconds: number): Promise<void> {
  const deadline = performance.now() + patienceSeconds * 1000;
  while (performance.now() < deadline) {
    const endSpan = startCpuSpan(services, null);
    await delay(LOOK_MS);
    if (!isDisturbed(endSpan())) return;
  }
}

export function isDisturbed(cpu: CpuUse): boolean {
  return cpu.others / cpu.seconds >= DISTURBED_CORES;
}
