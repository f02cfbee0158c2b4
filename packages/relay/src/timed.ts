import type { RelayObserver } from "./relay-observer.js";
import type { RelayOptions } from "./relay-options.js";

/** What `act` answers; how long it took is told to the observer, whether or not it failed. */
export async function timed<T>(
  { clock, observer }: RelayOptions,
  step: Parameters<RelayObserver["step"]>[0],
  act: () => Promise<T>,
): Promise<T> {
  const began = clock.monotonicMs();
  try {
    return await act();
  } finally {
    observer.step(step, clock.monotonicMs() - began);
  }
}
