/** Which tenants a policy speaks of. */
export type PolicyMatch =
  | { readonly kind: "tenant"; readonly tenantId: string }
  /** A glob: `*` is any text, also none; `?` is one character. */
  | { readonly kind: "pattern"; readonly pattern: string }
  /** A stable part of all tenants, in percent; the tenants of a smaller part are among those of a larger one. */
  | { readonly kind: "percentage"; readonly percent: number };

/** So many units (events, bytes) in a window, so many at once; without a burst the amount itself. */
export interface LimitSetting {
  readonly amount: number;
  readonly windowMs: number;
  readonly burst: number | null;
}

/**
 * All that a policy can say. `"none"` lifts a limit that a broader policy sets. A switch that is off takes what it
 * switches away, whatever the fields beside it say.
 */
export interface PolicyFields {
  readonly quota: boolean;
  readonly quotaEvents: LimitSetting | "none";
  readonly quotaBytes: LimitSetting | "none";
  /** `observe` holds nothing back and counts what `enforce` would have held. */
  readonly quotaMode: "enforce" | "observe";
  /** Share of the burst, from 0 to 1. */
  readonly warnAt: number;
  readonly fairShare: boolean;
  readonly batchLimit: number;
  readonly weight: number;
  readonly breaker: boolean;
  readonly breakerFailures: number;
  readonly breakerCoolDownMs: number;
  readonly breakerCoolDownMaxMs: number;
  readonly retry: "order-first" | "flow-first";
  readonly replay: boolean;
  readonly backpressure: boolean;
  /** Pending events from which on enqueueing is refused (SD002). */
  readonly backlogMax: number | "none";
  /** Whether enqueueing is refused altogether (SD003). */
  readonly blocked: boolean;
}

export type PolicyField = keyof PolicyFields;

/** What one policy says: null where it says nothing and a broader one speaks. */
export type PolicySettings = { readonly [F in PolicyField]: PolicyFields[F] | null };

export interface Policy {
  readonly name: string;
  readonly match: PolicyMatch;
  /** Among policies of the same kind of match the higher one speaks first, then the one whose name comes first. */
  readonly priority: number;
  readonly settings: PolicySettings;
}

export const NOTHING_SAID: PolicySettings = {
  quota: null,
  quotaEvents: null,
  quotaBytes: null,
  quotaMode: null,
  warnAt: null,
  fairShare: null,
  batchLimit: null,
  weight: null,
  breaker: null,
  breakerFailures: null,
  breakerCoolDownMs: null,
  breakerCoolDownMaxMs: null,
  retry: null,
  replay: null,
  backpressure: null,
  backlogMax: null,
  blocked: null,
};

export const POLICY_FIELDS = Object.keys(NOTHING_SAID) as readonly PolicyField[];
