import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { JobRow } from "@siding/core/job/job.js";

interface Job {
  readonly asked: ReadonlyMap<string, JobRow>;
  readonly arrived: Set<string>;
  /** Of each shard, the last seq that went out. */
  readonly lastSeq: Map<number, bigint>;
}

/**
 * What jobs publish, held against what they were asked for: nothing else, nothing before the event itself, in the order of
 * the log, and once a job.
 */
export class Replays {
  readonly #jobs = new Map<string, Job>();
  readonly #mayRepeat: boolean;

  constructor(mayRepeat: boolean) {
    this.#mayRepeat = mayRepeat;
  }

  asked(jobId: string, rows: readonly JobRow[]): void {
    const asked = new Map(rows.map((row) => [row.event.eventId, row]));
    this.#jobs.set(jobId, { asked, arrived: new Set(), lastSeq: new Map() });
  }

  /** Answers what is wrong with this replayed record, or null. */
  arrive(shard: number, { eventId, seq, replayJobId }: OutboxEvent, isPublished: boolean): string | null {
    const job = this.#jobs.get(replayJobId!);
    if (job === undefined) return `${eventId} was replayed by ${replayJobId}, which nobody asked for`;
    if (job.asked.get(eventId)?.act !== "replay")
      return `${replayJobId} replayed ${eventId}, which it was not asked for`;
    if (!isPublished) return `${replayJobId} replayed ${eventId} before it went out as itself`;
    if (this.#mayRepeat) {
      job.arrived.add(eventId);
      return null;
    }
    if (job.arrived.has(eventId)) return `${replayJobId} replayed ${eventId} twice`;
    job.arrived.add(eventId);
    if (seq < (job.lastSeq.get(shard) ?? 0n)) return `${replayJobId} replayed ${eventId} out of order`;
    job.lastSeq.set(shard, seq);
    return null;
  }

  /** When all is quiet: what a job that was not cancelled left undone, or null. */
  leftUndone(isCancelled: (jobId: string) => boolean): string | null {
    for (const [jobId, { asked, arrived }] of this.#jobs) {
      if (isCancelled(jobId)) continue;
      for (const [eventId, { act }] of asked) {
        if (act === "replay" && !arrived.has(eventId)) return `${jobId} has ended and did not replay ${eventId}`;
      }
    }
    return null;
  }
}
