import type { Cursor } from "@siding/core/cursor/cursor.js";
import { nextPollMs, POLL_BUSY_MS, POLL_IDLE_MS, REST_MS } from "@siding/core/poll/pace.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Store, WaitingLine } from "@siding/core/ports/store.js";

/** How a wait ended. */
export interface Woken {
  /** As it stands then. */
  readonly cursor: Cursor;
  /** Whether there is an open job that the waiter asked for. */
  readonly hasJob: boolean;
}

interface Waiter extends WaitingLine {
  cursor: Cursor;
  readonly wake: (woken: Woken) => void;
  readonly fail: (error: unknown) => void;
}

/** A look that lasts, and for whom; who begins to wait meanwhile has one of its own. All end at once, and go on as one. */
interface Rest {
  readonly waiters: ReadonlySet<Waiter>;
  readonly endMs: number;
}

/** Each has a connection. Waits that were given up stay in theirs until it ends. */
export const RESTS_MAX = 4;

/**
 * Waits for work on behalf of every idle shard of a relay, with one statement a look (design §5, "Waking"). Where nothing was
 * found for a while, one statement looks again and again inside Postgres: a look a statement cost an idle relay 3 % of a core.
 * A look that finds nothing behind a cursor moves the cursor's snapshot on to its own: what the cursor has consumed
 * stays the same set, and the search for late rows stays as small as what was begun since the last look.
 */
export class DueWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #waiters = new Map<number, Waiter>();
  #isRunning = false;
  readonly #rests = new Set<Rest>();
  #pollMs = POLL_BUSY_MS;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Resolves once something lies behind the cursor, a job is open where isForJobs asks for one, or the signal is aborted.
   * @throws SIDING_STORE_*
   */
  wait({ shard, cursor, isForJobs }: WaitingLine, signal: AbortSignalLike): Promise<Woken> {
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
    while (this.#awake().length > 0) {
      await this.#clock.sleep(this.#pollMs);
      const looked = this.#awake();
      const isPlain = looked.every(({ cursor }) => cursor.form === "plain");
      if (this.#pollMs < POLL_IDLE_MS || this.#rests.size === RESTS_MAX || !isPlain) await this.#look(looked, 0);
      else void this.#rest(looked);
    }
    this.#isRunning = false;
  }

  async #rest(waiters: readonly Waiter[]): Promise<void> {
    if (waiters.length === 0) return;
    const now = this.#clock.monotonicMs();
    const [first] = this.#rests;
    const rest: Rest = { waiters: new Set(waiters), endMs: first?.endMs ?? now + REST_MS };
    this.#rests.add(rest);
    await this.#look(waiters, Math.max(0, rest.endMs - now));
    this.#rests.delete(rest);
    if (!this.#isRunning) await this.#run();
  }

  #awake(): Waiter[] {
    const rests = [...this.#rests];
    return [...this.#waiters.values()].filter((waiter) => !rests.some(({ waiters }) => waiters.has(waiter)));
  }

  async #look(waiters: readonly Waiter[], forMs: number): Promise<void> {
    if (waiters.length === 0) return;
    try {
      const { shards, withJobs, snapshot } = await this.#store.due(waiters, { everyMs: POLL_IDLE_MS, forMs });
      this.#pollMs = nextPollMs(this.#pollMs, shards.length > 0);
      for (const waiter of waiters) {
        const hasJob = waiter.isForJobs && withJobs.includes(waiter.shard);
        if (hasJob || shards.includes(waiter.shard)) waiter.wake({ cursor: waiter.cursor, hasJob });
        else if (waiter.cursor.form === "plain") waiter.cursor = { ...waiter.cursor, snapshot, nextXid: null };
      }
    } catch (error) {
      for (const waiter of waiters) waiter.fail(error);
    }
  }
}
