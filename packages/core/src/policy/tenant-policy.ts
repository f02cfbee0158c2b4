import type { Quota } from "../quota/quota.js";

/** What holds for one tenant: every limit and every switch, settled to values. Null: no such limit, or switched off. */
export interface TenantPolicy {
  readonly quota: Quota | null;
  /** Share of the burst, from 0 to 1, from which on an operator is warned. */
  readonly warnAt: number;
  /** Events of one page that the tenant may take while others wait; more goes to a lane of its own (design §3). */
  readonly batchLimit: number | null;
  /** Share of a batch's bytes beside other tenants' weights; above 0. */
  readonly weight: number;
  readonly breaker: BreakerPolicy | null;
  /**
   * What waits behind an event that failed: the tenant's later events with the same ordering key. With `flow-first` they
   * pass once it is a dead letter; with `order-first` they wait behind that too, until an operator ruled on it. An event
   * without a key stands alone.
   */
  readonly retry: "order-first" | "flow-first";
  /** Whether published events of the tenant may be replayed. */
  readonly replay: boolean;
}

/** When a topic counts as failing, and how long it is left alone then. */
export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** From opening to the first probe, in ms; doubled with every probe that fails, up to coolDownMaxMs. */
  readonly coolDownMs: number;
  readonly coolDownMaxMs: number;
}

/** Somebody stopped a tenant. */
export interface Pause {
  readonly actor: string;
  readonly reason: string;
  /** In ms of Postgres' clock; null: until it is resumed. */
  readonly untilMs: number | null;
}

/** The policies of all tenants as they stood when they were last read, a second ago at most. */
export interface TenantPolicies {
  of(tenantId: string): TenantPolicy;
  pauseOf(tenantId: string): Pause | null;
}
