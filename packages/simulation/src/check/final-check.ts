import { sumTallies, type TopicTally, tallyOf } from "@siding/core/verify/tally.js";
import type { World } from "../world/world.js";

/** When all is quiet: what is wrong with what was left behind, or null. */
export function finalFault(world: World): string | null {
  const { postgres, kafka, arrivals, schedule } = world;
  const eventPlans = new Map(schedule.transactions.flatMap(({ events }) => events.map((event) => [event.id, event])));
  const bySeq = new Map(arrivals.committedEvents().map((event) => [event.seq, event]));
  const dead = new Set<string>();

  for (const [shard, row] of postgres.shards.entries()) {
    if (row.haltedReason !== null) return `shard ${shard} halted: ${row.haltedReason}`;
    if (row.planned !== null) return `plan ${row.planned.batch} of shard ${shard} was left open`;
    const number = kafka.numberOf(shard);
    // A shard that was only just taken may not have its first number yet.
    const isBegun = row.progressAtMs !== null || row.lastBatch > 0n;
    if (schedule.delivery === "exactly-once" && isBegun && number !== row.promotedBatch) {
      return `Kafka holds number ${number} of shard ${shard}, Postgres has promoted ${row.promotedBatch}`;
    }
    for (const { seq, attempts } of postgres.failures.dead(shard, row.promotedBatch)) {
      const event = bySeq.get(seq);
      if (event === undefined) return `the dead letter with seq ${seq} is no event of shard ${shard}`;
      dead.add(event.eventId);
      const refusals = kafka.refusals.get(event.eventId) ?? 0;
      if (attempts > refusals)
        return `${event.eventId} has ${attempts} attempts, and Kafka refused it ${refusals} times`;
      if (attempts < schedule.attemptsMax) return `${event.eventId} is dead after ${attempts} attempts`;
      if (eventPlans.get(event.eventId)!.refusals < schedule.attemptsMax) {
        return `${event.eventId} is dead, and Kafka would have taken it`;
      }
    }
  }

  for (const { eventId } of arrivals.committedEvents()) {
    if (arrivals.has(eventId) && dead.has(eventId)) return `${eventId} arrived, and is a dead letter`;
    if (!arrivals.has(eventId) && !dead.has(eventId)) return `${eventId} is missing`;
  }
  const undone = world.replays.leftUndone((jobId) => postgres.jobs.isCancelled(jobId));
  if (undone !== null) return undone;
  const published = arrivals.committedEvents().filter(({ eventId }) => !dead.has(eventId));
  const wanted = describe(tallyOf(published));
  const recorded = describe(postgres.shards.flatMap(({ recorded }) => recorded));
  return recorded === wanted ? null : `recorded as published were ${recorded}, and it was ${wanted}`;
}

/** Sums by topic, in one line. */
function describe(tallies: readonly TopicTally[]): string {
  const sums = sumTallies(tallies).filter(({ events }) => events > 0);
  const lines = sums.sort((a, b) => (a.topic < b.topic ? -1 : 1));
  return lines.map(({ topic, events, checksum }) => `${events} of ${topic} (${checksum.toString(16)})`).join(", ");
}
