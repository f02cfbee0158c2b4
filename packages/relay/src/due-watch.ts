import type { Cursor } from "@siding/core/cursor/cursor.js";
import { PACES } from "@siding/core/poll/pace.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Patience, Store, WaitingLine } from "@siding/core/ports/store.js";

/** How a wait ended. */
export interface Woken {
  /** As it stands then. */
  readonly cursor: Cursor;
  /** Whether there is an open job that the waiter asked for. */
  readonly hasJob: boolean;
}

interface Waiter extends WaitingLine {
  cursor: Cursor;
  /** When it ends whatever was found, by the relay's clock. */
  readonly endMs: number;
  readonly wake: (woken: Woken) => void;
  readonly fail: (error: unknown) => void;
}

/** A look that lasts, and for whom; who begins to wait meanwhile has one of its own. */
interface Look {
  readonly waiters: ReadonlySet<Waiter>;
  readonly pace: number;
  readonly endMs: number;
}

/** Each has a connection. */
export const LOOKS_MAX = 4;
const LAST_PACE = PACES.length - 1;
/** Where a look cannot last: one follows another after this time at least. */
const POLL_MIN_MS = 2;

/**
 * Waits for work on behalf of every idle shard of a relay, inside Postgres: one statement looks again and again, and answers as
 * soon as there is something (design §5, "Waking"; docs/decisions/0015). Each shard is looked for often after it had work, and
 * ever less; looks at the slowest pace end at once and go on as one.
 * A look that finds nothing behind a cursor moves the cursor's snapshot on to its own: what the cursor has consumed
 * stays the same set, and the search for late rows stays as small as what was begun since the last look.
 */
export class DueWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #waiters = new Map<number, Waiter>();
  readonly #looks = new Set<Look>();
  /** By shard, where it is not the first one. */
  readonly #paces = new Map<number, number>();
  #isRunning = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Resolves once something lies behind the cursor, a job is open where isForJobs asks for one, or the signal is aborted.
   * @param withinMs when the caller will abort it: no look lasts longer for it
   * @throws SIDING_STORE_*
   */
  wait({ shard, cursor, isForJobs }: WaitingLine, withinMs: number, signal: AbortSignalLike): Promise<Woken> {
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
        endMs: this.#clock.monotonicMs() + withinMs,
        wake: (woken) => end(() => resolve(woken)),
        fail: (error) => end(() => reject(error)),
      };
      const onAbort = (): void => waiter.wake({ cursor: waiter.cursor, hasJob: false });
      this.#waiters.set(shard, waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      else void this.#run();
    });
  }

  /** Sees to it that there is a look for everyone who waits. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let waiters = this.#unlooked(); waiters.length > 0; waiters = this.#unlooked()) {
      const pace = Math.min(...waiters.map(({ shard }) => this.#paces.get(shard) ?? 0));
      const { everyMs } = PACES[pace]!;
      const canLast = this.#looks.size < LOOKS_MAX && waiters.every(({ cursor }) => cursor.form === "plain");
      if (canLast && !(pace === LAST_PACE && this.#isOneEnding(everyMs))) {
        void this.#last(waiters, pace);
        continue;
      }
      await this.#clock.sleep(Math.max(POLL_MIN_MS, everyMs));
      if (!canLast) await this.#look(this.#unlooked(), pace, { everyMs, forMs: 0 });
    }
    this.#isRunning = false;
  }

  async #last(waiters: readonly Waiter[], pace: number): Promise<void> {
    const { everyMs, forMs } = PACES[pace]!;
    const now = this.#clock.monotonicMs();
    const beside = pace === LAST_PACE ? [...this.#looks].find((look) => look.pace === LAST_PACE) : undefined;
    const endMs = Math.min(beside?.endMs ?? now + forMs, ...waiters.map((waiter) => waiter.endMs));
    const look = { waiters: new Set(waiters), pace, endMs };
    this.#looks.add(look);
    // Once at least: without that it would answer at once, again and again until its end.
    await this.#look(waiters, pace, { everyMs, forMs: Math.max(everyMs, endMs - now) });
    this.#looks.delete(look);
    await this.#run();
  }

  /** Whether those of a look at the slowest pace will be without one in a moment: they are waited for. */
  #isOneEnding(withinMs: number): boolean {
    const now = this.#clock.monotonicMs();
    return [...this.#looks].some(({ pace, endMs }) => pace === LAST_PACE && endMs - now < withinMs);
  }

  #unlooked(): Waiter[] {
    const looks = [...this.#looks];
    return [...this.#waiters.values()].filter((waiter) => !looks.some(({ waiters }) => waiters.has(waiter)));
  }

  async #look(waiters: readonly Waiter[], pace: number, patience: Patience): Promise<void> {
    if (waiters.length === 0) return;
    // It says little of how busy a shard is where somebody's time was up.
    const isCut = patience.forMs > 0 && patience.forMs < PACES[pace]!.forMs;
    try {
      const { shards, withJobs, snapshot } = await this.#store.due(waiters, patience);
      for (const waiter of waiters) {
        const { shard } = waiter;
        const hasJob = waiter.isForJobs && withJobs.includes(shard);
        if (hasJob || shards.includes(shard)) {
          this.#paces.delete(shard);
          waiter.wake({ cursor: waiter.cursor, hasJob });
        } else {
          if (!isCut) this.#paces.set(shard, Math.max(this.#paces.get(shard) ?? 0, Math.min(LAST_PACE, pace + 1)));
          if (waiter.cursor.form === "plain") waiter.cursor = { ...waiter.cursor, snapshot, nextXid: null };
        }
      }
    } catch (error) {
      for (const waiter of waiters) waiter.fail(error);
    }
  }
}
