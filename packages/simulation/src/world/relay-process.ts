import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import { SeededRandom } from "@siding/testkit/random.js";
import type { RelayPlan } from "../schedule/schedule.js";
import type { Surroundings } from "./surroundings.js";

/** Where a relay's clock starts; any number would do. */
const EPOCH_UNIX_MS = 1_767_225_600_000;

/**
 * One life of a relay's process. Whatever reaches it from outside comes through deliver: not while it is paused, and
 * never after it died. What it sent before lives on without it.
 */
export class RelayProcess {
  readonly name: string;
  readonly relayId: string;
  readonly random: SeededRandom;
  readonly clock: Clock;
  readonly stopped = new AbortController();
  /** Whether it has ever had a shard. */
  hasBegun = false;
  /** When it starts again once it has stopped in good order. */
  restartAfterMs = 0;
  readonly #world: Surroundings;
  #isAlive = true;
  #pausedUntilMs = 0;

  constructor(world: Surroundings, index: number, life: number, plan: RelayPlan) {
    this.#world = world;
    this.name = `relay-${"abcdefgh"[index]}`;
    this.relayId = `${this.name}/${life}`;
    this.random = new SeededRandom(world.schedule.seed ^ (0x9e37_79b9 * (index + 1)) ^ (life << 20));
    this.clock = this.#clock(plan);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#world.timeline.nowMs < this.#pausedUntilMs;
  }

  deliver(act: () => void): void {
    if (!this.#isAlive) return;
    if (this.isPaused) {
      this.#world.timeline.after(this.#pausedUntilMs - this.#world.timeline.nowMs, () => this.deliver(act));
      return;
    }
    this.#world.isRelayToRun = true;
    act();
  }

  die(): void {
    this.#isAlive = false;
  }

  pause(ms: number): void {
    // Whole microseconds, as the timeline has them: anything finer would be a time that never comes.
    const untilMs = Math.round((this.#world.timeline.nowMs + ms) * 1000) / 1000;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  #clock(plan: RelayPlan): Clock {
    const { timeline } = this.#world;
    const later = (ms: number, act: () => void) => timeline.after(ms / plan.clockRate, () => this.deliver(act));
    const ownMs = (): number => timeline.nowMs * plan.clockRate + plan.clockOffsetMs;
    return {
      monotonicMs: ownMs,
      unixMs: () => EPOCH_UNIX_MS + ownMs(),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) return resolve();
          const end = (): void => {
            timer.cancel();
            signal?.removeEventListener("abort", end);
            resolve();
          };
          const timer = later(ms, end);
          signal?.addEventListener("abort", end, { once: true });
        }),
      limit: (ms, parent, onTime) => {
        const controller = new AbortController();
        const abort = (): void => controller.abort();
        const timer = later(ms, () => {
          onTime();
          abort();
        });
        parent.addEventListener("abort", abort, { once: true });
        if (parent.aborted) abort();
        return {
          signal: controller.signal as AbortSignalLike,
          clear() {
            timer.cancel();
            parent.removeEventListener("abort", abort);
          },
        };
      },
    };
  }
}
