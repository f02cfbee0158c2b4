const FIRST_MS = 30_000;
const MAX_MS = 3_600_000;

/**
 * For how long the quick way is left alone after it failed: longer each time, until it has carried a batch again. One for all
 * shards of a relay, and for longer than any of them is held. Pure.
 */
export class Distrust {
  #untilMs = -Infinity;
  #nextMs = FIRST_MS;

  failed(nowMs: number): void {
    this.#untilMs = nowMs + this.#nextMs;
    this.#nextMs = Math.min(MAX_MS, this.#nextMs * 2);
  }

  worked(): void {
    this.#nextMs = FIRST_MS;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }
}
