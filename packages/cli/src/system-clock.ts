import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";

/** The machine's clock: the only place in the product that reads one. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener("abort", end, { once: true });
    });
  },
  limit(ms, parent, onTime) {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(() => {
      onTime();
      abort();
    }, ms);
    parent.addEventListener("abort", abort, { once: true });
    if (parent.aborted) abort();
    return {
      signal: controller.signal as AbortSignalLike,
      clear() {
        clearTimeout(timer);
        parent.removeEventListener("abort", abort);
      },
    };
  },
};
