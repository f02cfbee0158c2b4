import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { EventTail } from "@siding/store-postgres/event-tail.js";
import { type Change, PublicationWatch } from "./publication-watch.js";

/** Between two looks while nothing comes. */
const IDLE_MS = 250;
/** Between two full pages: whoever follows is not what the database is for. */
const BUSY_MS = 10;
const WATCHED_MAX = 10_000;
const LOOKED_AT_ONCE = 1_000;

export interface Following {
  readonly tail: EventTail;
  readonly clock: Clock;
  readonly signal: AbortSignalLike;
  readonly onChanges: (changes: readonly Change[]) => void;
  /** Called once, when more wait than are watched. */
  readonly onOverfull: (watchedMax: number) => void;
}

/** Tells what is enqueued, and what becomes of it, until the signal is aborted. @throws what {@link EventTail} throws */
export async function followEvents({ tail, clock, signal, onChanges, onOverfull }: Following): Promise<void> {
  const watch = new PublicationWatch(WATCHED_MAX);
  let wasOverfull = false;
  while (!signal.aborted) {
    const { events, isAtEnd } = await tail.next();
    onChanges(watch.add(events));
    const due = watch.due(LOOKED_AT_ONCE);
    onChanges(watch.update(due, await tail.look(due)));
    if (watch.isOverfull && !wasOverfull) onOverfull(WATCHED_MAX);
    wasOverfull ||= watch.isOverfull;
    await clock.sleep(isAtEnd ? IDLE_MS : BUSY_MS, signal);
  }
}
