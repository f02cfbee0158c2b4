import type { Cursor } from "@siding/core/cursor/cursor.js";
import { nextPollMs, POLL_BUSY_MS } from "@siding/core/poll/pace.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Store } from "@siding/core/ports/store.js";

interface Waiter {
  readonly shard: number;
  cursor: Cursor;
  readonly wake: (cursor: Cursor) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Waits for work on behalf of every idle shard of a relay, with one statement a look (design §5, "Waking").
 * A look that finds nothing behind a cursor moves the cursor's snapshot on to its own: what the cursor has consumed
 * stays the same set, and the search for late rows stays as small as what was begun since the last look.
 */
export class DueWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #waiters = new Map<number, Waiter>();
  #isRunning = false;
  #pollMs = POLL_BUSY_MS;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Resolves with the cursor as it stands then, once something lies behind it or the signal is aborted.
   * @throws SIDING_STORE_*
   */
  wait(shard: number, cursor: Cursor, signal: AbortSignalLike): Promise<Cursor> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (act: () => void): void => {
        // A look that began before the end of this wait may report to it still; the shard may be waiting anew by then.
        if (isOver) return;
        isOver = true;
        signal.removeEventListener("abort", onAbort);
        this.#waiters.delete(shard);
        act();
      };
      const waiter: Waiter = {
        shard,
        cursor,
        wake: (at) => end(() => resolve(at)),
        fail: (error) => end(() => reject(error)),
      };
      const onAbort = (): void => waiter.wake(waiter.cursor);
      this.#waiters.set(shard, waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      else if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiters.size > 0) {
      await this.#clock.sleep(this.#pollMs);
      const looked = [...this.#waiters.values()];
      if (looked.length === 0) break;
      try {
        const { shards, snapshot } = await this.#store.due(looked);
        this.#pollMs = nextPollMs(this.#pollMs, shards.length > 0);
        for (const waiter of looked) {
          if (shards.includes(waiter.shard)) waiter.wake(waiter.cursor);
          else if (waiter.cursor.form === "plain") waiter.cursor = { ...waiter.cursor, snapshot, nextXid: null };
        }
      } catch (error) {
        for (const waiter of looked) waiter.fail(error);
      }
    }
    this.#isRunning = false;
  }
}
