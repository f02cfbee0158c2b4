import type { OutboxEvent } from "../event/outbox-event.js";
import { addChecksums, Checksum } from "./checksum.js";

/** How many events went to a topic, and the {@link Checksum} of their ids. */
export interface TopicTally {
  readonly topic: string;
  readonly events: number;
  readonly checksum: bigint;
}

/** What a batch makes published, by topic: what `siding verify` holds the log and Kafka against. */
export function tallyOf(...groups: readonly (readonly Pick<OutboxEvent, "topic" | "eventId">[])[]): TopicTally[] {
  const sums = new Map<string, Checksum>();
  let last: string | undefined;
  let sum = new Checksum();
  for (const events of groups) {
    for (const { topic, eventId } of events) {
      if (topic !== last) {
        sum = sums.get(topic) ?? new Checksum();
        sums.set(topic, sum);
        last = topic;
      }
      sum.add(eventId);
    }
  }
  return [...sums].map(([topic, sum]) => ({ topic, events: sum.events, checksum: sum.value }));
}

/** What tallies come to together, one for each topic. */
export function sumTallies(tallies: readonly TopicTally[]): TopicTally[] {
  const byTopic = new Map<string, TopicTally>();
  for (const { topic, events, checksum } of tallies) {
    const sum = byTopic.get(topic) ?? { topic, events: 0, checksum: 0n };
    byTopic.set(topic, { topic, events: sum.events + events, checksum: addChecksums(sum.checksum, checksum) });
  }
  return [...byTopic.values()];
}
