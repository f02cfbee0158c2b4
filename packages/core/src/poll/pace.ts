export const POLL_BUSY_MS = 2;
export const POLL_IDLE_MS = 25;

/** A look that lasts for so long looks every POLL_IDLE_MS: whoever begins to wait meanwhile is looked for beside it. */
export const REST_MS = 1_000;

/**
 * How long to wait before the next look for work (design §5, "Waking"): short after work was found, then longer by
 * half each time, up to what keeps an idle relay under one hundredth of a core.
 */
export function nextPollMs(previousMs: number, foundWork: boolean): number {
  if (foundWork) return POLL_BUSY_MS;
  return Math.min(POLL_IDLE_MS, Math.max(POLL_BUSY_MS, previousMs * 1.5));
}
