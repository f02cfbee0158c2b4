import { isSidingError } from "@siding/core/errors.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import { RENEW_AFTER_MS } from "@siding/core/recovery/renewal.js";
import { runRelay } from "@siding/relay/relay.js";
import type { RelayObserver } from "@siding/relay/relay-observer.js";
import { describeFilter } from "../check/witness.js";
import { SimulatedPublisher } from "../kafka/simulated-publisher.js";
import { SimulatedStore } from "../postgres/simulated-store.js";
import type { RelayPlan } from "../schedule/schedule.js";
import { RelayProcess } from "./relay-process.js";
import type { World } from "./world.js";

/** Seconds in production; here short, so that a schedule sees many leases run out. */
export const LEASE_MS = 300;
const RELAYS_MAX = 4;
/** Whoever supervises the process starts it again. */
const SUPERVISOR_MS = 150;

/** The relays, each the real runRelay in a process that can die. */
export class Fleet {
  readonly #world: World;
  readonly #plans: RelayPlan[];
  readonly #lives: number[];
  readonly #processes: (RelayProcess | null)[];
  #isClosing = false;

  constructor(world: World) {
    this.#world = world;
    this.#plans = [...world.schedule.relays];
    this.#lives = this.#plans.map(() => 0);
    this.#processes = this.#plans.map(() => null);
    this.#plans.forEach((plan, index) => {
      world.timeline.after(plan.startMs, () => this.#start(index));
    });
  }

  get isAnyPaused(): boolean {
    return this.#processes.some((process) => process?.isPaused === true);
  }

  get running(): readonly RelayProcess[] {
    return this.#processes.filter((process) => process !== null);
  }

  crash(process: RelayProcess, downMs: number, at: string): void {
    const index = this.#processes.indexOf(process);
    if (index < 0) return;
    this.#world.coverage.note("crash");
    this.#world.story.tell(process.name, () => `is killed ${at}, and starts again after ${downMs} ms`);
    process.die();
    this.#processes[index] = null;
    this.#startAgain(index, downMs);
  }

  pause(process: RelayProcess, ms: number, at: string): void {
    if (!process.isAlive) return;
    this.#world.coverage.note(ms > LEASE_MS ? "pause-past-lease" : "pause");
    this.#world.story.tell(process.name, () => `stands still ${at}, for ${ms} ms`);
    process.pause(ms);
  }

  stop(process: RelayProcess, downMs: number, at: string): void {
    if (!process.isAlive || process.stopped.signal.aborted) return;
    this.#world.coverage.note("graceful-stop");
    this.#world.story.tell(process.name, () => `is told to stop ${at}`);
    process.restartAfterMs = downMs;
    // A signal comes from outside: what the process does about it, it does after this step.
    this.#world.timeline.after(0, () => process.deliver(() => process.stopped.abort()));
  }

  join(): void {
    if (this.#plans.length >= RELAYS_MAX) return;
    this.#world.coverage.note("relay-joins");
    this.#plans.push({ startMs: 0, clockRate: 1, clockOffsetMs: 0 });
    this.#lives.push(0);
    this.#processes.push(null);
    this.#start(this.#plans.length - 1);
  }

  /** The end of the schedule: everybody is told to stop, and nobody starts again. */
  close(): void {
    this.#isClosing = true;
    for (const process of this.running) process.deliver(() => process.stopped.abort());
  }

  #startAgain(index: number, afterMs: number): void {
    this.#world.timeline.after(afterMs, () => {
      if (this.#processes[index] === null) this.#start(index);
    });
  }

  #start(index: number): void {
    if (this.#isClosing) return;
    const world = this.#world;
    const process = new RelayProcess(world, index, this.#lives[index]!, this.#plans[index]!);
    this.#lives[index]! += 1;
    this.#processes[index] = process;
    world.story.tell(process.name, () => "starts");
    process.deliver(() => {
      const ended = this.#run(process);
      ended.then(
        () => this.#ended(index, process, null),
        (error) => this.#ended(index, process, error),
      );
    });
  }

  #run(process: RelayProcess): Promise<void> {
    const { schedule } = this.#world;
    return runRelay(
      {
        identity: { relayId: process.relayId, host: process.name, processId: 1, version: "0" },
        deployment: "simulated",
        delivery: schedule.delivery,
        leaseMs: LEASE_MS,
        batchEventsMax: schedule.batchEventsMax,
        batchBytesMax: schedule.batchBytesMax,
        attemptsMax: schedule.attemptsMax,
        renewProgressMs: RENEW_AFTER_MS,
        untilEmpty: false,
        retention: null,
        policies: this.#world.policies,
        store: new SimulatedStore(this.#world, process),
        publisher: new SimulatedPublisher(this.#world, process),
        clock: process.clock,
        random: () => process.random.next(),
        observer: this.#observer(process),
      },
      process.stopped.signal as AbortSignalLike,
    );
  }

  #ended(index: number, process: RelayProcess, error: unknown): void {
    if (!process.isAlive) return;
    const { story, witness } = this.#world;
    process.die();
    this.#processes[index] = null;
    if (error === null) {
      story.tell(process.name, () => "has stopped in good order");
      this.#startAgain(index, process.restartAfterMs);
      return;
    }
    const what = error instanceof Error ? error.message : String(error);
    story.tell(process.name, () => `ends with: ${what}`);
    // Before it has a single shard a relay may end because a system is away: its supervisor starts it again.
    if (isSidingError(error) && error.retry === "backoff" && !process.hasBegun) {
      this.#startAgain(index, SUPERVISOR_MS);
      return;
    }
    witness.violated(`${process.name} ended by itself: ${what}`);
  }

  #observer(process: RelayProcess): RelayObserver {
    const { story, coverage } = this.#world;
    const tell = (what: () => string): void => story.tell(process.name, what);
    return {
      shardState: (shard, state, detail) => {
        if (state === "starting") process.hasBegun = true;
        tell(() => `shard ${shard}: ${state}${detail === undefined ? "" : `, ${detail}`}`);
      },
      shardTaken: (shard, epoch) => tell(() => `runs shard ${shard} under epoch ${epoch}`),
      shardLost: (shard, reason) => tell(() => `loses shard ${shard}: ${reason}`),
      haltEnded: (shard) => tell(() => `may claim shard ${shard} again`),
      shardReleased: (shard) => tell(() => `has given shard ${shard} back`),
      batchCommitted: () => {},
      jobMoved: (shard, { step, discarded, waiting }) => {
        if (discarded.length > 0) coverage.note("job-discarded");
        if (waiting.length > 0) coverage.note("job-freed-a-lane");
        if (step.counts.failed > 0) coverage.note("job-event-refused");
        tell(() => `has taken ${step.jobId} to seq ${step.position} of shard ${shard}${step.isEnd ? ", its end" : ""}`);
      },
      held: (shard, { filter, reason, resumeAtMs }) => {
        coverage.note(`lane-${reason}`);
        const until = resumeAtMs === null ? "" : `, until ${resumeAtMs} ms`;
        tell(() => `holds ${describeFilter(filter)} of shard ${shard} back: ${reason}${until}`);
      },
      lanesChanged: () => {},
      quotaUsed: () => {},
      eventDead: (_shard, event) => {
        coverage.note("dead-letter");
        tell(() => `lays ${event.eventId} down as a dead letter`);
      },
      eventRefused: (shard, failure) => {
        coverage.note("refused-event");
        tell(() => `notes refusal ${failure.attempts} of the event with seq ${failure.seq} in shard ${shard}`);
      },
      step: () => {},
      retrying: (shard, error, waitMs) =>
        tell(() => `${shard === null ? "heartbeat" : `shard ${shard}`} tries again in ${waitMs} ms: ${error.message}`),
    };
  }
}
