import type { PublishOutcome, ShardPublisher } from "@siding/core/ports/publisher.js";
import { eventFor } from "@siding/testkit/publisher-contract/publisher-under-test.js";

const CALM_BATCHES = 8;

/** So many small batches make a shard take the quick way. */
export async function calmDown(opened: ShardPublisher): Promise<void> {
  for (let batch = 0; batch < CALM_BATCHES; batch++) await opened.commitNumber(0n);
  await opened.rested();
}

/** What a batch becomes that is none of the quick way's, in a shard that has taken that way. */
export const RETURNED: PublishOutcome = { kind: "refused", events: [], topics: new Map() };

/** Publishes a record that only the other way names: whoever answers RETURNED has taken the quick one. */
export function probe(opened: ShardPublisher, topic: string, batch = 99n): Promise<PublishOutcome> {
  return opened.publish({ batch, events: [eventFor(topic, "large", { bytes: 3_000_000 })] });
}
