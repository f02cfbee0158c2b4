import type { Distrust } from "./distrust.js";

/** A batch of more than this is faster by the client that was made for many. */
const SMALL_EVENTS = 1_000;
/** Far below what a broker takes as one partition's batch (max.message.bytes, 1 MB). */
const SMALL_BYTES = 256 * 1024;
/** So many small batches in a row are taken for a stream of small batches. */
const CALM_BATCHES = 8;
/**
 * Longer than it takes until a batch that came back is read again, whatever line it is of: it must find the way that carries it,
 * and not come back once more. Each change costs tens of milliseconds besides.
 */
const STAY_MS = 10_000;

/** Which of the two ways into Kafka's transactions a shard should take, by the batches it had. Pure. */
export class WayChoice {
  #calm = 0;
  #isBulkDue = false;
  #quickFromMs: number;
  readonly #distrust: Distrust;

  constructor(nowMs: number, distrust: Distrust) {
    this.#quickFromMs = nowMs;
    this.#distrust = distrust;
  }

  /** A batch comes. Answers whether it is small enough to go the quick way. */
  sees(events: number, bytes: number): boolean {
    const isSmall = events <= SMALL_EVENTS && bytes <= SMALL_BYTES;
    this.#calm = isSmall ? this.#calm + 1 : 0;
    this.#isBulkDue = !isSmall;
    return isSmall;
  }

  /** The quick way let a batch down, or did not open: the other may know a cure. */
  quickFailed(nowMs: number): void {
    this.#calm = 0;
    this.#isBulkDue = true;
    this.#distrust.failed(nowMs);
  }

  bulkOpens(nowMs: number): void {
    this.#calm = 0;
    this.#isBulkDue = false;
    this.#quickFromMs = nowMs + STAY_MS;
  }

  isQuickDue(nowMs: number): boolean {
    return this.#calm >= CALM_BATCHES && nowMs >= this.#quickFromMs && this.#distrust.isOver(nowMs);
  }

  get isBulkDue(): boolean {
    return this.#isBulkDue;
  }
}
