import type { AbortSignalLike } from "@siding/core/ports/clock.js";

/** Aborted by SIGTERM or Ctrl-C. A second one ends the process at once: whoever asks twice does not want to wait. */
export function stopSignal(): AbortSignalLike {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
      controller.abort();
    });
  }
  return controller.signal as AbortSignalLike;
}
