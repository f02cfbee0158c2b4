import { knownError } from "@siding/core/errors.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { RelayObserver } from "@siding/relay/relay-observer.js";
import type { PostgresBacklog, TenantBacklog } from "@siding/store-postgres/postgres-backlog.js";

/** Twice as often as metrics are mostly fetched. */
const LOOK_EVERY_MS = 5_000;

export interface BacklogWatch {
  readonly source: Pick<PostgresBacklog, "read">;
  readonly clock: Clock;
  readonly observer: Pick<RelayObserver, "retrying">;
  readonly told: (backlog: readonly TenantBacklog[]) => void;
}

/** Tells what waits, again and again until the signal is aborted; for as long as Postgres does not answer the last word stands. */
export async function watchBacklog(
  { source, clock, observer, told }: BacklogWatch,
  signal: AbortSignalLike,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      told(await source.read());
    } catch (error) {
      observer.retrying(null, knownError(error, "reading the backlog"), LOOK_EVERY_MS);
    }
  }
}
