import { canWait, joinAdvances } from "@siding/core/batch/join-advances.js";
import type { Advance, Lease } from "@siding/core/ports/store.js";
import { fenced } from "./fenced.js";
import type { RelayOptions } from "./relay-options.js";
import { timed } from "./timed.js";

/** For so long what Kafka has may wait for the next batch to tell Postgres of it. */
export const ARREARS_MS = 20;

/**
 * What Kafka has of a shard and Postgres has not been told yet: the plan of the last batch, which the next prepare promotes,
 * or, where there are no plans, how far the cursor is to advance for the last few (docs/decisions/0017).
 */
export class Arrears {
  readonly #options: RelayOptions;
  readonly #lease: Lease;
  #batch: bigint | null = null;
  #advance: Advance | null = null;
  #advanceSinceMs = 0;

  constructor(options: RelayOptions, lease: Lease) {
    this.#options = options;
    this.#lease = lease;
  }

  get isAny(): boolean {
    return this.#batch !== null || this.#advance !== null;
  }

  /** Kafka has the batch. */
  committed(batch: bigint): void {
    this.#batch = batch;
  }

  /** A prepare has promoted it. */
  prepared(): void {
    this.#batch = null;
  }

  /**
   * Kafka has what the advance stands for, which is written now or with one that follows.
   * @param isHasty whether it is written now in any case
   * @returns the xid of its commit, null where it waits
   * @throws SIDING_FENCED and the store's errors
   */
  async delivered(advance: Advance, isHasty: boolean): Promise<bigint | null> {
    const now = this.#options.clock.monotonicMs();
    if (this.#advance === null) this.#advanceSinceMs = now;
    this.#advance = this.#advance === null ? advance : joinAdvances(this.#advance, advance);
    const isWaiting = !isHasty && canWait(advance) && now - this.#advanceSinceMs < ARREARS_MS;
    return isWaiting ? null : await this.#write(this.#advance);
  }

  /** Postgres has what Kafka has. @throws SIDING_FENCED and the store's errors */
  async settle(): Promise<void> {
    const { store } = this.#options;
    const batch = this.#batch;
    if (batch !== null) {
      const isHeld = await timed(this.#options, "promote", () => store.promote(this.#lease, batch));
      if (!isHeld) throw fenced(this.#lease);
      this.#batch = null;
    }
    if (this.#advance !== null) await this.#write(this.#advance);
  }

  async #write(advance: Advance): Promise<bigint> {
    const advanced = await timed(this.#options, "promote", () => this.#options.store.advance(this.#lease, advance));
    if (advanced === null) throw fenced(this.#lease);
    this.#advance = null;
    return advanced.nextXid;
  }
}
