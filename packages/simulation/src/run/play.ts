import { isConsumed } from "@siding/core/cursor/cursor.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import { finalFault } from "../check/final-check.js";
import type { Schedule } from "../schedule/schedule.js";
import { World } from "../world/world.js";

export interface Played {
  /** Which promise was broken; null: all were kept. */
  readonly broken: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly story: readonly string[];
  readonly simulatedMs: number;
}

/** Faults that no step has met by then strike no more. */
const FAULTS_END_MS = 6_000;
/** After the last fault something moves within this, until nothing is left: several times the longest wait of a relay. */
const STILL_MS = 60_000;
/** Told to stop with nothing amiss, relays stop within this. */
const CLOSE_MS = 5_000;
/** Kafka's own last steps: markers written, the number taken over. */
const SETTLE_MS = 50;

/** Plays one schedule to its end, or to the first promise that it breaks. */
export async function play(schedule: Schedule, options: { readonly isTold: boolean }): Promise<Played> {
  const world = new World(schedule, options.isTold);
  const { timeline, witness } = world;
  let calmSinceMs: number | null = null;
  let moved = 0;
  let movedMs = 0;
  const isCalm = (): boolean => {
    if (
      calmSinceMs === null &&
      (timeline.nowMs > FAULTS_END_MS || (world.application.isDone && world.operator.isDone && isDrained(world)))
    ) {
      calmSinceMs = timeline.nowMs;
      world.faults.end();
      world.story.tell("schedule", () => "no more faults from here");
    }
    return calmSinceMs !== null;
  };
  await untilDone(world, () => {
    if (witness.violation !== null) return true;
    const isQuiet = world.application.isDone && world.operator.isDone;
    if (!isCalm() || !isQuiet || world.fleet.isAnyPaused) return false;
    if (isDrained(world) && unheldShards(world).length === 0) return true;
    // A quota and a clock that is slow may spread a backlog over minutes: it is enough that it shrinks.
    if (settledCount(world) > moved) {
      moved = settledCount(world);
      movedMs = timeline.nowMs;
    }
    if (timeline.nowMs > Math.max(calmSinceMs!, movedMs) + STILL_MS)
      witness.violated(`nothing moves: ${backlogOf(world)}`);
    return false;
  });
  if (witness.violation === null) await close(world);
  if (witness.violation === null) {
    const fault = finalFault(world);
    if (fault !== null) witness.violated(fault);
  }
  return {
    broken: witness.violation?.message ?? null,
    counts: world.coverage.counts(),
    story: world.story.lines,
    simulatedMs: timeline.nowMs,
  };
}

/** Everybody stops in good order, so that what they leave behind can be looked at. */
async function close(world: World): Promise<void> {
  const { timeline, fleet, witness } = world;
  world.story.tell("schedule", () => "everything has arrived; the relays are told to stop");
  fleet.close();
  const sinceMs = timeline.nowMs;
  let stoppedMs = sinceMs;
  timeline.after(2 * SETTLE_MS + CLOSE_MS, () => {}); // so that time goes on without relays
  await untilDone(world, () => {
    if (witness.violation !== null) return true;
    if (fleet.running.length > 0) stoppedMs = timeline.nowMs;
    else if (timeline.nowMs > stoppedMs + SETTLE_MS) return true;
    if (timeline.nowMs > sinceMs + CLOSE_MS) witness.violated("a relay does not stop when told to");
    return false;
  });
}

/** Events in Kafka, and dead letters. */
function settledCount({ arrivals, postgres }: World): number {
  return postgres.shards.reduce(
    (count, row, shard) => count + postgres.failures.dead(shard, row.promotedBatch).length,
    arrivals.count,
  );
}

function isDrained(world: World): boolean {
  const { arrivals, postgres } = world;
  if (postgres.jobs.isAnyOpen) return false;
  return (
    settledCount(world) >= arrivals.committedCount &&
    postgres.shards.every((row, shard) => {
      if (row.planned !== null) return false;
      const lanes = new Lanes(postgres.linesOf(shard).lanes);
      // Nothing holds a lane for ever.
      if (lanes.size > 0) return false;
      return postgres.log.committed(shard).every((event) => isConsumed(row.cursor, event));
    })
  );
}

/** A shard is only safe from standing still while somebody renews its lease. */
function unheldShards({ postgres, timeline }: World): number[] {
  return postgres.shards.flatMap(({ owner, leaseUntilMs }, shard) =>
    owner === null || leaseUntilMs < timeline.nowMs ? [shard] : [],
  );
}

function backlogOf(world: World): string {
  const { arrivals, postgres } = world;
  const missing = arrivals.committedEvents().filter((event) => !arrivals.has(event.eventId));
  const plans = postgres.shards.flatMap((row, shard) =>
    row.planned === null ? [] : [`plan ${row.planned.batch} of shard ${shard} stays open`],
  );
  const unheld = unheldShards(world).map((shard) => `shard ${shard} under no lease`);
  const jobs = postgres.jobs.isAnyOpen ? ["a job that does not end"] : [];
  return [
    `${missing.map((event) => event.eventId).join(" ") || "no event"} missing`,
    ...plans,
    ...unheld,
    ...jobs,
  ].join(", ");
}

const STEPS_A_TURN = 64;
/** A schedule takes a few thousand steps; one that takes this many goes round in a circle. */
const STEPS_MAX = 500_000;

/**
 * Runs the timeline until done says so. After each step that reached a relay, all of the relay's own code runs, up to
 * where it waits for the world again: the microtasks between two immediates.
 */
function untilDone(world: World, isDone: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let steps = 0;
    const end = (act: () => void): void => {
      isOver = true;
      act();
    };
    const step = (): void => {
      if (isOver) return;
      try {
        world.isRelayToRun = false;
        do {
          if (isDone()) {
            end(resolve);
            return;
          }
          if (++steps > STEPS_MAX) {
            end(() => resolve(world.witness.violated("it goes round in a circle")));
            return;
          }
          if (!world.timeline.step()) throw new Error("nothing is going to happen any more");
        } while (!world.isRelayToRun);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const turn = (): void => {
      if (isOver) return;
      for (let i = 0; i < STEPS_A_TURN; i++) setImmediate(step);
      setImmediate(turn);
    };
    turn();
  });
}
