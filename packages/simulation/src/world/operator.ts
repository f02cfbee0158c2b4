import type { JobPlan } from "../schedule/schedule.js";
import type { World } from "./world.js";

/** Whoever asks for replays, redrives and discards, and thinks better of it. */
export class Operator {
  readonly #world: World;
  #left: number;

  constructor(world: World) {
    this.#world = world;
    this.#left = world.schedule.jobs.length;
    world.schedule.jobs.forEach((plan, index) => {
      world.timeline.after(plan.startMs, () => this.#ask(`job-${index + 1}`, plan));
    });
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  #ask(jobId: string, plan: JobPlan): void {
    const { postgres, timeline, story, coverage, replays, isPostgresUp } = this.#world;
    if (!isPostgresUp) {
      timeline.after(20, () => this.#ask(jobId, plan));
      return;
    }
    const asked = postgres.makeJob(jobId, plan);
    replays.asked(jobId, asked);
    this.#left -= 1;
    coverage.note("job");
    story.tell("operator", () => {
      const what = asked.map(({ act, event }) => `${act} ${event.eventId}`).join(", ");
      return `asks for ${jobId}, a ${plan.kind}: ${what || "nothing"}`;
    });
    const { cancelAfterMs } = plan;
    if (cancelAfterMs === null) return;
    timeline.after(cancelAfterMs, () => {
      postgres.jobs.cancel(jobId);
      if (postgres.jobs.isCancelled(jobId)) coverage.note("job-cancelled");
      story.tell("operator", () => `cancels ${jobId}`);
    });
  }
}
