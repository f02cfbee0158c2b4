import type { OutboxEvent } from "../event/outbox-event.js";
import type { TenantPolicies } from "../policy/tenant-policy.js";
import type { JobCounts, JobPage, JobRow, JobStep, OpenJob } from "./job.js";

export interface JobInput {
  readonly job: OpenJob;
  readonly page: JobPage;
  readonly policies: TenantPolicies;
  /** Topics that cannot be published to now, with the reason. */
  readonly topicFaults: ReadonlyMap<string, string>;
  /** Seqs that were refused in company, which says little about them: each is tried alone. */
  readonly suspects: ReadonlySet<bigint>;
  /** Seqs that were refused alone, with the reason: the job passes them. */
  readonly givenUp: ReadonlyMap<bigint, string>;
  /** Dead letters that a step has ruled on which Postgres has not promoted yet: the page shows them as they were before. */
  readonly ruledOn: ReadonlySet<bigint>;
  /** Whether the event's lane stands before it still: a dead letter that what follows under its key waits for. */
  readonly isHeld: (event: OutboxEvent) => boolean;
}

/** What one batch does for a job. */
export interface JobTake {
  readonly step: JobStep;
  /** What it publishes, in the order of the log. */
  readonly events: readonly OutboxEvent[];
  /** Those of them that are in Kafka for the first time. */
  readonly redriven: readonly OutboxEvent[];
  /** Dead letters that are events like others once more: their lanes publish them, ahead of what waits behind them. */
  readonly released: readonly OutboxEvent[];
  readonly discarded: readonly OutboxEvent[];
  /** What lanes hold, and are to move now. */
  readonly waiting: readonly OutboxEvent[];
  /** Whether it is one event that has to go without company. */
  readonly isAlone: boolean;
}

/** Why a job stands still at an event. */
export interface JobStop {
  readonly stop: string;
}

/**
 * Takes what may go now of a job's page. It stops at the first event that may not go, so that order is kept; a paused
 * tenant and a missing topic hold up the whole job.
 */
export function takeOfJob(input: JobInput): JobTake | JobStop {
  const { job, page, suspects } = input;
  const events: OutboxEvent[] = [];
  const redriven: OutboxEvent[] = [];
  const released: OutboxEvent[] = [];
  const discarded: OutboxEvent[] = [];
  const waiting: OutboxEvent[] = [];
  let { replayed, failed }: { replayed: number; failed: number } = job.counts;
  let { position, lastError } = job;
  let taken = 0;
  let stop: string | null = null;
  let isAlone = false;
  for (const row of page.rows) {
    const { event, act } = row;
    if (isAlone) break;
    if (input.ruledOn.has(event.seq)) {
      // What another job made of it stands, whichever that job was and whether it goes on.
    } else if (act === "wait") waiting.push(event);
    else if (act === "discard") discarded.push(event);
    else if (act === "redrive" && input.isHeld(event)) released.push(event);
    else {
      const passed = whyPassed(row, input);
      if (passed !== null) {
        failed += 1;
        lastError = passed;
      } else {
        stop = whyStopped(event, input);
        if (stop !== null) break;
        // A broker refuses a whole request: the verdict on a suspect is its own only where nothing else went with it.
        if (suspects.has(event.seq)) {
          if (events.length > 0) break;
          isAlone = true;
        }
        if (act === "replay") {
          replayed += 1;
          events.push({ ...event, replayJobId: job.jobId });
        } else {
          redriven.push(event);
          events.push(event);
        }
      }
    }
    position = event.seq;
    taken += 1;
  }
  if (taken === 0 && stop !== null) return { stop };
  const isThrough = taken === page.rows.length;
  const counts: JobCounts = {
    replayed,
    failed,
    redriven: job.counts.redriven + redriven.length + released.length,
    discarded: job.counts.discarded + discarded.length,
    waiting: job.counts.waiting + waiting.length,
  };
  const step: JobStep = {
    jobId: job.jobId,
    position: isThrough ? page.position : position,
    counts,
    lastError,
    isEnd: isThrough && page.isToEnd,
    redriven: [...redriven, ...released].map(({ seq }) => seq),
    discarded: discarded.map(({ seq }) => seq),
  };
  return { step, events, redriven, released, discarded, waiting, isAlone };
}

function whyPassed({ act, event }: JobRow, { givenUp, policies }: JobInput): string | null {
  const error = givenUp.get(event.seq);
  if (error !== undefined) return `event ${event.eventId} was refused: ${error}`;
  if (act === "redrive" || policies.of(event.tenantId).replay) return null;
  return `the policy of tenant ${event.tenantId} allows no replay`;
}

function whyStopped({ tenantId, topic }: OutboxEvent, { policies, topicFaults }: JobInput): string | null {
  const pause = policies.pauseOf(tenantId);
  if (pause !== null) return `tenant ${tenantId} is paused by ${pause.actor}: ${pause.reason}`;
  return topicFaults.get(topic) ?? null;
}
