import type { Failure } from "@siding/core/retry/failure.js";

interface FailureRow {
  readonly seq: bigint;
  attempts: number;
  lastError: string;
  fingerprint: string;
  retryAtMs: number;
  /** The plan that laid it down; null while it is tried again. */
  deadBatch: bigint | null;
  isDiscarded: boolean;
}

/** A row of siding.redriven. */
export interface Redriven {
  /** The batch that published it after all; null: one without a number. */
  readonly batch: bigint | null;
  readonly atMs: number;
}

/** What is known of an event that Kafka refused. */
export interface Verdicts {
  readonly dead: { readonly deadBatch: bigint; readonly isDiscarded: boolean } | null;
  readonly redriven: Redriven | null;
}

/** siding.failure, and siding.redriven. */
export class FailureTable {
  readonly #shards = new Map<number, Map<bigint, FailureRow>>();
  readonly #redriven = new Map<string, Redriven>();

  record(shard: number, failures: readonly Failure[], nowMs: number): void {
    const rows = this.#of(shard);
    for (const { seq, attempts, lastError, fingerprint, retryInMs } of failures) {
      const deadBatch = rows.get(seq)?.deadBatch ?? null;
      const retryAtMs = nowMs + retryInMs;
      rows.set(seq, { seq, attempts, lastError, fingerprint, retryAtMs, deadBatch, isDiscarded: false });
    }
  }

  layDead(shard: number, failures: readonly Failure[], batch: bigint): void {
    const rows = this.#of(shard);
    for (const { seq, attempts, lastError, fingerprint } of failures) {
      const fresh = { seq, attempts, lastError, fingerprint, retryAtMs: 0, deadBatch: null, isDiscarded: false };
      rows.set(seq, { ...(rows.get(seq) ?? fresh), deadBatch: batch });
    }
  }

  /** Published after all, by this batch: dead no more. */
  redriven(shard: number, seqs: readonly bigint[], by: Redriven): void {
    for (const seq of seqs) {
      if (this.#of(shard).delete(seq)) this.#redriven.set(`${shard}/${seq}`, by);
    }
  }

  verdicts(shard: number, seq: bigint): Verdicts {
    return { dead: this.deadLetter(shard, seq), redriven: this.#redriven.get(`${shard}/${seq}`) ?? null };
  }

  /** Ruled on: dead for good. */
  discarded(shard: number, seqs: readonly bigint[]): void {
    for (const seq of seqs) {
      const row = this.#of(shard).get(seq);
      if (row !== undefined) row.isDiscarded = true;
    }
  }

  /** read-discarded.sql, and those that their line has passed. */
  ruledOn(shard: number): bigint[] {
    return [...this.#of(shard).values()].filter(({ isDiscarded }) => isDiscarded).map(({ seq }) => seq);
  }

  deadLetter(
    shard: number,
    seq: bigint,
  ): { readonly deadBatch: bigint; readonly isDiscarded: boolean; readonly attempts: number } | null {
    const row = this.#of(shard).get(seq);
    if (row === undefined || row.deadBatch === null) return null;
    return { deadBatch: row.deadBatch, isDiscarded: row.isDiscarded, attempts: row.attempts };
  }

  /** Answers how many are events like others once more. */
  revive(shard: number, batch: bigint): number {
    const dead = [...this.#of(shard).values()].filter((row) => row.deadBatch === batch);
    for (const row of dead) row.deadBatch = null;
    return dead.length;
  }

  /** read-failures.sql */
  open(shard: number, nowMs: number): Failure[] {
    return [...this.#of(shard).values()]
      .filter((row) => row.deadBatch === null)
      .map(({ seq, attempts, lastError, fingerprint, retryAtMs }) => ({
        seq,
        attempts,
        lastError,
        fingerprint,
        retryInMs: Math.max(0, Math.round(retryAtMs - nowMs)),
      }));
  }

  /** Those that count as dead, since their plan was promoted. */
  dead(shard: number, promotedBatch: bigint): readonly { readonly seq: bigint; readonly attempts: number }[] {
    return [...this.#of(shard).values()].filter((row) => row.deadBatch !== null && row.deadBatch <= promotedBatch);
  }

  #of(shard: number): Map<bigint, FailureRow> {
    const rows = this.#shards.get(shard) ?? new Map<bigint, FailureRow>();
    this.#shards.set(shard, rows);
    return rows;
  }
}
