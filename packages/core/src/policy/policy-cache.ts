import type { PolicyBook } from "../ports/policy-source.js";
import type { PolicyFields } from "./policy.js";
import { type Admission, type PolicySet, policySet, type SettledPolicy, settlePolicy } from "./settle-policy.js";
import type { Pause, TenantPolicies, TenantPolicy } from "./tenant-policy.js";

/** A settled tenant takes about a kilobyte. */
const TENANTS_MAX = 20_000;
export const OPEN: Admission = { backlogMax: null, blocked: false };

/**
 * The policies as they were last read, each tenant's settled when it is first asked for. It also finds the gates that
 * are not as the policies want them: a pattern speaks of tenants that nobody has heard of yet.
 */
export class PolicyCache implements TenantPolicies {
  readonly #defaults: PolicyFields;
  #version: bigint | null = null;
  #policies: PolicySet = policySet([]);
  #pauses: ReadonlyMap<string, Pause> = new Map();
  #gates = new Map<string, Admission>();
  /** In the order of settling; the oldest goes first. */
  readonly #settled = new Map<string, SettledPolicy>();
  /** Tenants whose gate is not as it should be, with what it should be. */
  #amiss = new Map<string, Admission>();
  #nowMs = 0;

  constructor(defaults: PolicyFields) {
    this.#defaults = defaults;
  }

  /** Null before the first book. */
  get version(): bigint | null {
    return this.#version;
  }

  of(tenantId: string): TenantPolicy {
    return this.settled(tenantId).policy;
  }

  /** A pause that had expired when Postgres was last asked for the time holds nobody. */
  pauseOf(tenantId: string): Pause | null {
    const pause = this.#pauses.get(tenantId);
    if (pause === undefined) return null;
    return pause.untilMs !== null && pause.untilMs <= this.#nowMs ? null : pause;
  }

  settled(tenantId: string): SettledPolicy {
    const known = this.#settled.get(tenantId);
    if (known !== undefined) return known;
    const settled = settlePolicy(tenantId, this.#policies, this.#defaults);
    if (this.#settled.size >= TENANTS_MAX) this.#settled.delete(this.#settled.keys().next().value!);
    this.#settled.set(tenantId, settled);
    this.#compareGate(tenantId, settled.admission);
    return settled;
  }

  /** @param nowMs Postgres' clock as the source told it */
  refresh(nowMs: number, book: PolicyBook | null): void {
    this.#nowMs = nowMs;
    if (book === null) return;
    this.#version = book.version;
    this.#policies = policySet(book.policies);
    this.#pauses = book.pauses;
    this.#gates = new Map(book.gates);
    this.#settled.clear();
    this.#amiss.clear();
    // Whoever has a gate may lose it now, and a tenant that is named need not be seen first.
    for (const tenantId of this.#gates.keys()) this.settled(tenantId);
    for (const { match, settings } of book.policies) {
      const isAboutGates = settings.backlogMax !== null || settings.blocked !== null;
      if (match.kind === "tenant" && isAboutGates) this.settled(match.tenantId);
    }
  }

  /** Gates to be set; their caller says with {@link gatesSet} that they are. */
  gatesAmiss(): ReadonlyMap<string, Admission> {
    return new Map(this.#amiss);
  }

  gatesSet(set: ReadonlyMap<string, Admission>): void {
    for (const [tenantId, admission] of set) {
      this.#gates.set(tenantId, admission);
      if (this.#amiss.get(tenantId) === admission) this.#amiss.delete(tenantId);
    }
  }

  #compareGate(tenantId: string, wanted: Admission): void {
    const gate = this.#gates.get(tenantId) ?? OPEN;
    if (gate.backlogMax !== wanted.backlogMax || gate.blocked !== wanted.blocked) this.#amiss.set(tenantId, wanted);
  }
}
