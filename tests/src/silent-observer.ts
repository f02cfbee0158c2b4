import type { RelayObserver } from "@siding/relay/relay-observer.js";

/** Hears everything and says nothing. */
export const silentObserver: RelayObserver = {
  shardState() {},
  shardTaken() {},
  shardLost() {},
  shardReleased() {},
  haltEnded() {},
  batchCommitted() {},
  eventDead() {},
  eventRefused() {},
  held() {},
  jobMoved() {},
  lanesChanged() {},
  quotaUsed() {},
  step() {},
  retrying() {},
};
