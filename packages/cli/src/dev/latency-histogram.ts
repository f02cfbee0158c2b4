const FIRST_MS = 0.1;
const GROWTH = 1.04;
const BUCKETS = 400;

/** Latencies in buckets that grow by 4 %, so that a run of any length takes the same little memory. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  record(ms: number): void {
    const bucket = ms <= FIRST_MS ? 0 : Math.ceil(Math.log(ms / FIRST_MS) / Math.log(GROWTH));
    this.#counts[Math.min(BUCKETS - 1, bucket)]! += 1;
    this.#total += 1;
  }

  /** The upper edge of the bucket that holds the quantile, so never too flattering; null while nothing was recorded. */
  quantileMs(quantile: number): number | null {
    if (this.#total === 0) return null;
    const rank = Math.ceil(this.#total * quantile);
    let passed = 0;
    const bucket = this.#counts.findIndex((count) => {
      passed += count;
      return passed >= rank;
    });
    return FIRST_MS * GROWTH ** bucket;
  }
}
