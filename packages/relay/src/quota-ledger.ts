import type { Batch } from "@siding/core/batch/plan-batch.js";
import type { LinesChange } from "@siding/core/ports/store.js";
import { accounted, type QuotaState, type QuotaUse } from "@siding/core/quota/quota.js";

/** So many plans carry only what they change of the quotas; then one carries all. */
const CHANGES_MAX = 64;

/** What the tenants of one shard have used of their quotas: as the last batch left it, and what of it is not written yet. */
export class QuotaLedger {
  readonly #states: Map<string, QuotaState>;
  /** What the last batch used: published, and not counted from its end yet. */
  #uses: ReadonlyMap<string, QuotaUse> = new Map();
  /** Whose state has moved on since it was written. */
  readonly #unwritten = new Set<string>();
  readonly #isAlwaysWhole: boolean;
  #changes = CHANGES_MAX;
  /** No batch is judged by an earlier time than the one from which the last one counts. */
  #notBeforeNs = 0n;

  /** @param isAlwaysWhole whether each change carries all: where a batch is not laid down, none stands on the one before */
  constructor(states: Iterable<readonly [string, QuotaState]>, isAlwaysWhole: boolean) {
    this.#states = new Map(states);
    this.#isAlwaysWhole = isAlwaysWhole;
  }

  get states(): ReadonlyMap<string, QuotaState> {
    return this.#states;
  }

  /** The time by which the next batch is judged. */
  judgedNs(nowNs: bigint): bigint {
    return nowNs > this.#notBeforeNs ? nowNs : this.#notBeforeNs;
  }

  /** Whether the last batch is to be counted from its end, by a time that was asked for after it. */
  get isToAccount(): boolean {
    return this.#uses.size > 0;
  }

  account(nowNs: bigint): void {
    for (const [tenantId, use] of this.#uses) {
      this.#states.set(tenantId, accounted(use, nowNs));
      this.#unwritten.add(tenantId);
    }
    this.#uses = new Map();
    this.#notBeforeNs = nowNs;
  }

  /** Kafka has the batch. */
  published({ quotas }: Batch): void {
    this.#unwritten.clear();
    this.#uses = quotas;
    for (const [tenantId, { state }] of quotas) this.#states.set(tenantId, state);
  }

  /** What the batch writes of quotas. */
  changeOf({ quotas, judgedNs }: Batch, nowNs: bigint): LinesChange["quotas"] {
    if (quotas.size === 0 && this.#unwritten.size === 0) return null;
    this.#changes += 1;
    const isWhole = this.#isAlwaysWhole || this.#changes > CHANGES_MAX;
    if (isWhole) {
      this.#changes = 0;
      this.#forgetPaid(nowNs);
    }
    const states = new Map<string, QuotaState>();
    for (const tenantId of isWhole ? this.#states.keys() : this.#unwritten) {
      const state = this.#states.get(tenantId);
      if (state !== undefined) states.set(tenantId, state);
    }
    for (const [tenantId, { state }] of quotas) states.set(tenantId, state);
    return { states, judgedNs, isWhole };
  }

  /** A tenant that owes nothing any more is as one that has used nothing. */
  #forgetPaid(nowNs: bigint): void {
    for (const [tenantId, { events, bytes }] of this.#states) {
      if (events < nowNs && bytes < nowNs) this.#states.delete(tenantId);
    }
  }
}
