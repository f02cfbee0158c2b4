import type { Timeline } from "./timeline.js";

/** What happened, a line each: when, who, what. Lines are made only when somebody reads them. */
export class Story {
  readonly lines: string[] = [];
  readonly #timeline: Timeline;
  readonly #isTold: boolean;

  constructor(timeline: Timeline, isTold: boolean) {
    this.#timeline = timeline;
    this.#isTold = isTold;
  }

  tell(who: string, what: () => string): void {
    if (!this.#isTold) return;
    this.lines.push(`${this.#timeline.nowMs.toFixed(3).padStart(10)} ms  ${who.padEnd(9)}  ${what()}`);
  }
}
