import type { Census, PartitionTally } from "@siding/core/verify/census.js";
import { addChecksums } from "@siding/core/verify/checksum.js";
import type { TopicTally } from "@siding/core/verify/tally.js";
import type { ComparedSum } from "./verify-report.js";

/** The three sums of each shard and topic side by side. @param recorded by shard, where its record has no gap */
export function compareSums(census: Census, recorded: ReadonlyMap<number, readonly TopicTally[]>): ComparedSum[] {
  const log = census.logTallies();
  const kafka = census.kafkaTallies().sort((a, b) => a.partition - b.partition);
  const lines: ComparedSum[] = [];
  for (const [shard, sums] of recorded) {
    const ofShard = log.filter((tally) => tally.shard === shard);
    const topics = new Set([...sums, ...ofShard].map(({ topic }) => topic));
    for (const topic of [...topics].sort()) {
      const partitions = kafka.filter((tally) => tally.shard === shard && tally.topic === topic);
      const three = {
        recorded: of(topic, sums),
        log: of(topic, ofShard),
        kafka: total(topic, partitions),
      };
      const agrees = isSame(three.recorded, three.log) && isSame(three.log, three.kafka);
      lines.push({ shard, topic, ...three, partitions, agrees });
    }
  }
  return lines;
}

function of(topic: string, sums: readonly TopicTally[]): TopicTally {
  const { events, checksum } = sums.find((sum) => sum.topic === topic) ?? { events: 0, checksum: 0n };
  return { topic, events, checksum };
}

function total(topic: string, partitions: readonly PartitionTally[]): TopicTally {
  let events = 0;
  let checksum = 0n;
  for (const partition of partitions) {
    events += partition.events;
    checksum = addChecksums(checksum, partition.checksum);
  }
  return { topic, events, checksum };
}

function isSame(a: TopicTally, b: TopicTally): boolean {
  return a.events === b.events && a.checksum === b.checksum;
}
