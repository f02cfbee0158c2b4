import { setTimeout as delay } from "node:timers/promises";
import { machineMs } from "./machine-clock.js";

/**
 * Calls `send` at fixed times, however long earlier calls take: a slow system gets its load all the same, instead of
 * being asked less often exactly when it is slow. Resolves when all that was begun has ended.
 */
export async function openLoop(spec: {
  readonly perSecond: number;
  readonly seconds: number;
  readonly send: (n: number, dueMs: number) => Promise<void>;
}): Promise<void> {
  const total = Math.round(spec.perSecond * spec.seconds);
  const gapMs = 1000 / spec.perSecond;
  const begin = machineMs();
  const pending = new Set<Promise<void>>();
  let failure: unknown;
  for (let n = 0; n < total && failure === undefined; ) {
    const now = machineMs();
    for (; n < total && begin + n * gapMs <= now; n++) {
      const sent = spec.send(n, begin + n * gapMs).catch((error) => {
        failure ??= error;
      });
      pending.add(sent);
      sent.finally(() => pending.delete(sent));
    }
    await delay(Math.max(0, begin + n * gapMs - machineMs()));
  }
  await Promise.all(pending);
  if (failure !== undefined) throw failure;
}
