import { allowedAtNs, type Limit, type PaidUntilNs, paid, roomLeft, UNUSED, usedShare } from "./limit.js";

/** What one tenant may publish. Null: no limit of that kind. */
export interface Quota {
  readonly events: Limit | null;
  readonly bytes: Limit | null;
  /** `observe` holds nothing back and counts what `enforce` would have held. */
  readonly mode: "enforce" | "observe";
}

/** What a tenant has used: one timestamp a limit, written with the plan that uses it (design §3). */
export interface QuotaState {
  readonly events: PaidUntilNs;
  readonly bytes: PaidUntilNs;
}

/** What one batch uses of a tenant's quota. */
export interface QuotaUse {
  readonly quota: Quota;
  readonly before: QuotaState;
  /** As of the time at which the batch was judged. */
  readonly state: QuotaState;
  readonly events: bigint;
  readonly bytes: bigint;
}

export const NOTHING_USED: QuotaState = { events: UNUSED, bytes: UNUSED };

export type QuotaVerdict =
  | { readonly kind: "go"; readonly state: QuotaState }
  /** The limit named stands in the way until then; only that much has to pass, not a whole window. */
  | { readonly kind: "wait"; readonly limit: "events" | "bytes"; readonly resumeAtNs: bigint }
  /** As `wait`, in a mode that holds nothing back: it goes, and the state is what it was, as if it had waited. */
  | { readonly kind: "would-wait"; readonly limit: "events" | "bytes" };

/** Whether one event may go now, and what is used then. Both limits must allow it. */
export function askQuota(quota: Quota, state: QuotaState, nowNs: bigint, bytes: number): QuotaVerdict {
  const size = BigInt(bytes);
  const eventsAt = quota.events === null ? nowNs : allowedAtNs(quota.events, state.events, 1n);
  const bytesAt = quota.bytes === null ? nowNs : allowedAtNs(quota.bytes, state.bytes, size);
  const limit = bytesAt > eventsAt ? "bytes" : "events";
  const resumeAtNs = bytesAt > eventsAt ? bytesAt : eventsAt;
  if (resumeAtNs > nowNs)
    return quota.mode === "observe" ? { kind: "would-wait", limit } : { kind: "wait", limit, resumeAtNs };
  return {
    kind: "go",
    state: {
      events: quota.events === null ? state.events : paid(quota.events, state.events, nowNs, 1n),
      bytes: quota.bytes === null ? state.bytes : paid(quota.bytes, state.bytes, nowNs, size),
    },
  };
}

/** How many events and bytes the quota lets go now; infinite where it holds nothing back. */
export function roomOf(
  quota: Quota | null,
  state: QuotaState,
  nowNs: bigint,
): { readonly events: number; readonly bytes: number } {
  const left = (limit: Limit | null | undefined, paidUntil: PaidUntilNs): number =>
    limit == null || quota?.mode === "observe" ? Number.POSITIVE_INFINITY : Number(roomLeft(limit, paidUntil, nowNs));
  return { events: left(quota?.events, state.events), bytes: left(quota?.bytes, state.bytes) };
}

/** The use with one more event in it. */
export function usedMore(
  quota: Quota,
  use: QuotaUse | undefined,
  before: QuotaState,
  state: QuotaState,
  bytes: number,
): QuotaUse {
  if (use === undefined) return { quota, before, state, events: 1n, bytes: BigInt(bytes) };
  return { ...use, state, events: use.events + 1n, bytes: use.bytes + BigInt(bytes) };
}

/**
 * The state once the batch is published, at a time that is not before its commit. Counted from there, whatever lay between
 * judging and commit: with it no sliding window of Kafka's own times holds more than limit + burst, however long
 * a batch was on its way. (Judged at t <= commit, accounted at a >= commit: the paces of all that a window holds add up to
 * the window and the burst at most.)
 */
export function accounted({ quota, before, events, bytes }: QuotaUse, nowNs: bigint): QuotaState {
  return {
    events: quota.events === null ? before.events : paid(quota.events, before.events, nowNs, events),
    bytes: quota.bytes === null ? before.bytes : paid(quota.bytes, before.bytes, nowNs, bytes),
  };
}

/** The share of the burst that is in use, of events or bytes, whichever is more. */
export function usedShareOf({ quota, state }: QuotaUse, nowNs: bigint): number {
  const events = quota.events === null ? 0 : usedShare(quota.events, state.events, nowNs);
  const bytes = quota.bytes === null ? 0 : usedShare(quota.bytes, state.bytes, nowNs);
  return Math.max(events, bytes);
}
