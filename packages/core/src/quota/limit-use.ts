import { allowedAtNs, type Limit, type PaidUntilNs, roomLeft } from "./limit.js";

/** What of a limit is in use at a moment, for whoever shows it. */
export interface LimitUse {
  /** Units that may go at once after a rest. */
  readonly limit: bigint;
  readonly used: bigint;
  readonly remaining: bigint;
  /** When one more unit may go, in ms since 1970; null: now. */
  readonly nextAtMs: number | null;
}

const NS_A_MS = 1_000_000n;

/** @param nowMs by the clock that paidUntil was written by */
export function limitUse(limit: Limit, paidUntil: PaidUntilNs, nowMs: number): LimitUse {
  const nowNs = BigInt(nowMs) * NS_A_MS;
  const remaining = roomLeft(limit, paidUntil, nowNs);
  const at = allowedAtNs(limit, paidUntil, 1n);
  const nextAtMs = at > nowNs ? Number(at / NS_A_MS) : null;
  return { limit: limit.burst, used: limit.burst - remaining, remaining, nextAtMs };
}
