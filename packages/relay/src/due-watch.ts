import type { Cursor } from "@siding/core/cursor/cursor.js";
import { nextPollMs, POLL_BUSY_MS } from "@siding/core/poll/pace.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Store } from "@siding/core/ports/store.js";

/** How a wait ended. */
export interface Woken {
  /** As it stands then. */
  readonly cursor: Cursor;
  /** Whether there is an open job that the waiter asked for. */
  readonly hasJob: boolean;
}

interface Waiter {
  readonly shard: number;
  readonly isForJobs: boolean;
  cursor: Cursor;
  readonly wake: (woken: Woken) => void;
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
   * Resolves once something lies behind the cursor, a job is open where isForJobs asks for one, or the signal is aborted.
   * @throws SIDING_STORE_*
   */
  wait(
    { shard, cursor, isForJobs }: Pick<Waiter, "shard" | "cursor" | "isForJobs">,
    signal: AbortSignalLike,
  ): Promise<Woken> {
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
        isForJobs,
        cursor,
        wake: (woken) => end(() => resolve(woken)),
        fail: (error) => end(() => reject(error)),
      };
      const onAbort = (): void => waiter.wake({ cursor: waiter.cursor, hasJob: false });
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
        const { shards, withJobs, snapshot } = await this.#store.due(looked);
        this.#pollMs = nextPollMs(this.#pollMs, shards.length > 0);
        for (const waiter of looked) {
          const hasJob = waiter.isForJobs && withJobs.includes(waiter.shard);
          if (hasJob || shards.includes(waiter.shard)) waiter.wake({ cursor: waiter.cursor, hasJob });
          else if (waiter.cursor.form === "plain") waiter.cursor = { ...waiter.cursor, snapshot, nextXid: null };
        }
      } catch (error) {
        for (const waiter of looked) waiter.fail(error);
      }
    }
    this.#isRunning = false;
  }
}
