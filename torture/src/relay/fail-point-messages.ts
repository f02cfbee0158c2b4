import type { FailPoint } from "@siding/core/ports/fail-point.js";

/** What the torture says to a relay: stop at this point when you next reach it, or at none. */
export interface ToRelay {
  readonly arm: FailPoint | null;
}

export type FromRelay =
  /** Said at the first step of the protocol: what it needs was there. */
  | { readonly kind: "begun" }
  /** Said right before the relay stops itself. */
  | { readonly kind: "reached"; readonly point: FailPoint; readonly shard: number | null }
  /** Said as soon as it runs again. */
  | { readonly kind: "resumed" };
