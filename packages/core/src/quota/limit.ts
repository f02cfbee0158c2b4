/**
 * So much in any window, and so much at once. State is one timestamp: the generic cell rate algorithm (ITU-T I.371,
 * annex A; virtual scheduling form). No window has to be reset and no list kept. All arithmetic is in whole nanoseconds,
 * rounded against the sender, so that no sum of roundings ever lets more through.
 */
export interface Limit {
  /** Units (events, bytes) in a window; above 0, and not above windowNs: a unit takes a nanosecond at least. */
  readonly amount: bigint;
  /** Above 0. */
  readonly windowNs: bigint;
  /** Units that may go at once after a rest; above 0. */
  readonly burst: bigint;
}

/**
 * When all that was let through so far would have gone if it had gone at the limit's pace, in ns since 1970 by Postgres'
 * clock. Never decreases, so a clock that is set back gives nobody anything. {@link UNUSED} before the first use.
 */
export type PaidUntilNs = bigint;
export const UNUSED: PaidUntilNs = 0n;

/** How long the limit's pace takes for so many units, in ns, rounded up. */
function paceNs({ amount, windowNs }: Limit, units: bigint): bigint {
  return (units * windowNs + amount - 1n) / amount;
}

/** How far ahead of the pace a sender may be: as long as the burst takes, so that the whole burst may go at once. */
function aheadNs(limit: Limit): bigint {
  return paceNs(limit, limit.burst);
}

function startNs(paidUntil: PaidUntilNs, nowNs: bigint): bigint {
  return paidUntil > nowNs ? paidUntil : nowNs;
}

/** The state after so many units have gone, whether the limit allowed them or not. */
export function paid(limit: Limit, paidUntil: PaidUntilNs, nowNs: bigint, units: bigint): PaidUntilNs {
  return startNs(paidUntil, nowNs) + paceNs(limit, units);
}

/**
 * When so many units may go: nowNs or earlier where they may go at once. What is larger than the whole burst may go when
 * nothing is owed: it would never go otherwise.
 */
export function allowedAtNs(limit: Limit, paidUntil: PaidUntilNs, units: bigint): bigint {
  const ahead = aheadNs(limit);
  const need = paceNs(limit, units);
  return need > ahead ? paidUntil : paidUntil + need - ahead;
}

/** How many units may go now. */
export function roomLeft(limit: Limit, paidUntil: PaidUntilNs, nowNs: bigint): bigint {
  const leftNs = nowNs + aheadNs(limit) - startNs(paidUntil, nowNs);
  if (leftNs <= 0n) return 0n;
  const units = (leftNs * limit.amount) / limit.windowNs;
  return units < limit.burst ? units : limit.burst;
}

/** The share of the burst that is in use, from 0 to 1; above 1 after one event larger than the burst. */
export function usedShare(limit: Limit, paidUntil: PaidUntilNs, nowNs: bigint): number {
  return Number(startNs(paidUntil, nowNs) - nowNs) / Number(aheadNs(limit));
}
