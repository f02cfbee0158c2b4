import type { SidingError } from "@siding/core/errors.js";
import type { RelayObserver } from "@siding/relay/relay-observer.js";
import { pino } from "pino";
import { createRelayMetrics } from "../http/metrics.js";
import { RelayJournal } from "../observe-relay.js";

/** Watches the relay of a run: its warnings go to the view, and what it is failing at is kept for the verdict. */
export class RelayWatch implements RelayObserver {
  readonly #journal: RelayJournal;
  readonly #taken = new Set<number>();
  #trouble: SidingError | null = null;

  constructor(warn: (text: string) => void) {
    const log = pino(
      { level: "warn", base: null },
      { write: (line: string) => warn(`relay: ${(JSON.parse(line) as { msg: string }).msg}`) },
    );
    this.#journal = new RelayJournal(log, createRelayMetrics());
  }

  /** What the relay waits for a dependency with; null while it gets on. */
  get trouble(): SidingError | null {
    return this.#trouble;
  }

  /** How many shards it has opened in Kafka so far. */
  get shardsTaken(): number {
    return this.#taken.size;
  }

  retrying: RelayObserver["retrying"] = (shard, error, waitMs) => {
    this.#trouble = error;
    this.#journal.retrying(shard, error, waitMs);
  };
  batchCommitted: RelayObserver["batchCommitted"] = () => {
    this.#trouble = null;
  };
  shardState: RelayObserver["shardState"] = (shard, state, detail) => this.#journal.shardState(shard, state, detail);
  shardTaken: RelayObserver["shardTaken"] = (shard, epoch) => {
    this.#taken.add(shard);
    this.#journal.shardTaken(shard, epoch);
  };
  shardLost: RelayObserver["shardLost"] = (shard, reason) => this.#journal.shardLost(shard, reason);
  shardReleased: RelayObserver["shardReleased"] = (shard) => this.#journal.shardReleased(shard);
  haltEnded: RelayObserver["haltEnded"] = (shard) => this.#journal.haltEnded(shard);
  jobMoved: RelayObserver["jobMoved"] = (shard, take) => this.#journal.jobMoved(shard, take);
  lanesChanged: RelayObserver["lanesChanged"] = () => {};
  quotaUsed: RelayObserver["quotaUsed"] = () => {};
  held: RelayObserver["held"] = (shard, hold) => this.#journal.held(shard, hold);
  eventDead: RelayObserver["eventDead"] = (shard, event, failure) => this.#journal.eventDead(shard, event, failure);
  eventRefused: RelayObserver["eventRefused"] = (shard, failure) => this.#journal.eventRefused(shard, failure);
  step: RelayObserver["step"] = () => {};
}
