import type { Failure } from "@siding/core/retry/failure.js";

interface FailureRow {
  readonly seq: bigint;
  attempts: number;
  lastError: string;
  fingerprint: string;
  retryAtMs: number;
  /** The plan that laid it down; null while it is tried again. */
  deadBatch: bigint | null;
  deadMs: number;
  isDiscarded: boolean;
}

export interface DeadLetter {
  readonly deadBatch: bigint;
  readonly deadMs: number;
  readonly isDiscarded: boolean;
  readonly attempts: number;
}

/** A row of siding.redriven. */
export interface Redriven {
  /** The batch that published it after all; null: one without a number. */
  readonly batch: bigint | null;
  readonly atMs: number;
}

/** What is known of an event that Kafka refused. */
export interface Verdicts {
  readonly dead: DeadLetter | null;
  readonly redriven: Redriven | null;
}

/** siding.failure, and siding.redriven. */
export class FailureTable {
  readonly #shards = new Map<number, Map<bigint, FailureRow>>();
  readonly #redriven = new Map<string, Redriven>();

  record(shard: number, failures: readonly Failure[], nowMs: number): void {
    const rows = this.#of(shard);
    for (const { seq, attempts, lastError, fingerprint, retryInMs } of failures) {
      const { deadBatch = null, deadMs = 0 } = rows.get(seq) ?? {};
      const retryAtMs = nowMs + retryInMs;
      rows.set(seq, { seq, attempts, lastError, fingerprint, retryAtMs, deadBatch, deadMs, isDiscarded: false });
    }
  }

  layDead(shard: number, failures: readonly Failure[], batch: bigint, nowMs: number): void {
    const rows = this.#of(shard);
    for (const { seq, attempts, lastError, fingerprint } of failures) {
      const fresh = { seq, attempts, lastError, fingerprint, retryAtMs: 0, isDiscarded: false };
      rows.set(seq, { ...(rows.get(seq) ?? fresh), deadBatch: batch, deadMs: nowMs });
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

  deadLetter(shard: number, seq: bigint): DeadLetter | null {
    const row = this.#of(shard).get(seq);
    if (row === undefined || row.deadBatch === null) return null;
    const { deadBatch, deadMs, isDiscarded, attempts } = row;
    return { deadBatch, deadMs, isDiscarded, attempts };
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
