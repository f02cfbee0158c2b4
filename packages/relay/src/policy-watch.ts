import { knownError } from "@siding/core/errors.js";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import { PolicyCache } from "@siding/core/policy/policy-cache.js";
import type { Pause, TenantPolicies, TenantPolicy } from "@siding/core/policy/tenant-policy.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { PolicySource } from "@siding/core/ports/policy-source.js";
import type { RelayObserver } from "./relay-observer.js";

/** Two looks in the second within which a change has to act. */
const LOOK_EVERY_MS = 400;

export interface PolicyWatchOptions {
  readonly source: PolicySource;
  readonly clock: Clock;
  readonly observer: RelayObserver;
  readonly defaults: PolicyFields;
}

/**
 * The policies that a relay goes by: read once before it begins, looked at again while it runs. Where Postgres does not
 * answer they stay as they were: nothing is published without it either.
 */
export class PolicyWatch implements TenantPolicies {
  readonly #options: PolicyWatchOptions;
  readonly #cache: PolicyCache;

  private constructor(options: PolicyWatchOptions) {
    this.#options = options;
    this.#cache = new PolicyCache(options.defaults);
  }

  /** @throws SIDING_STORE_*, SIDING_SCHEMA_*: a relay does not begin without knowing what holds */
  static async open(options: PolicyWatchOptions): Promise<PolicyWatch> {
    const watch = new PolicyWatch(options);
    await watch.#look();
    return watch;
  }

  of(tenantId: string): TenantPolicy {
    return this.#cache.of(tenantId);
  }

  pauseOf(tenantId: string): Pause | null {
    return this.#cache.pauseOf(tenantId);
  }

  /** Keeps looking until the signal is aborted. */
  async run(signal: AbortSignalLike): Promise<void> {
    const { clock, observer } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#look();
      } catch (error) {
        observer.retrying(null, knownError(error, "reading policies"), LOOK_EVERY_MS);
      }
    }
  }

  async #look(): Promise<void> {
    const { source } = this.#options;
    const { nowMs, book } = await source.readPolicies(this.#cache.version);
    this.#cache.refresh(nowMs, book);
    const amiss = this.#cache.gatesAmiss();
    if (amiss.size === 0) return;
    // Where the version is another by now, the next look settles them anew.
    if (await source.setGates(this.#cache.version!, amiss)) this.#cache.gatesSet(amiss);
  }
}
