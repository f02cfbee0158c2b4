/** What a limit may ask for at most, as the table siding.policy bounds it: each is exact in JSON. */
export const LIMIT_EVENTS_MAX = 1e9;
export const LIMIT_BYTES_MAX = 1e12;
/** A year. */
export const LIMIT_WINDOW_MS_MAX = 31_536_000_000;
const NS_A_MS = 1e6;

/** Whether so many units in such a window are a limit: a unit takes a nanosecond at least. */
export function isLimitAllowed(amount: number, windowMs: number, amountMax: number): boolean {
  const isInBounds = amount >= 1 && amount <= amountMax && windowMs >= 1 && windowMs <= LIMIT_WINDOW_MS_MAX;
  return isInBounds && amount <= windowMs * NS_A_MS;
}
