import type { Batch } from "@siding/core/batch/plan-batch.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { JobAct, JobPage, OpenJob } from "@siding/core/job/job.js";
import type { JobTake } from "@siding/core/job/take-of-job.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import { describe, expect, test } from "vitest";
import { Jobs, LOOK_MS } from "./jobs.js";
import type { Lines, LinesInput } from "./lines.js";
import type { RelayOptions } from "./relay-options.js";

const COUNTS = { replayed: 0, redriven: 0, discarded: 0, waiting: 0, failed: 0 };
const JOB: OpenJob = { jobId: "job", eventsPerSecond: null, position: 0n, counts: COUNTS, lastError: null };
const CURSOR = { form: "plain", position: 0n, snapshot: { xmin: 1n, xmax: 1n, inProgress: [] }, nextXid: 1n } as const;
const NO_LIVE = { page: { late: [], fresh: [], nowNs: 0n }, reads: [] } as unknown as LinesInput;
const EMPTY = { kind: "empty", cursor: CURSOR } as unknown as Batch;

/** One shard's jobs over pages that the test gives. */
function world(page: (job: OpenJob) => JobPage) {
  const clock = { nowMs: 0 };
  const open: OpenJob[] = [{ jobId: "job", eventsPerSecond: null, position: 0n, counts: COUNTS, lastError: null }];
  const options = {
    clock: { monotonicMs: () => clock.nowMs },
    store: { readJobs: async () => [...open], readJobPage: async (_shard: number, job: OpenJob) => page(job) },
    policies: { of: () => ({ replay: true }), pauseOf: () => null },
    delivery: "exactly-once",
    batchEventsMax: 100,
    batchBytesMax: 1_000_000,
  } as unknown as RelayOptions;
  const jobs = new Jobs(options, 0, {
    state: { main: CURSOR, lanes: new Lanes() },
    passOver: () => {},
  } as unknown as Lines);
  const turn = async () => {
    await jobs.look();
    return jobs.join(EMPTY, await jobs.read(NO_LIVE), new Map(), 0n).take;
  };
  return { clock, open, jobs, turn };
}

describe("the jobs of a shard", () => {
  test("how far a job has looked in vain is written once a second", async () => {
    const { clock, jobs, turn } = world(({ position }) => ({ rows: [], position: position + 100n, isToEnd: false }));
    expect([await turn(), await turn()]).toEqual([null, null]);
    clock.nowMs += 1_000;
    const take = await turn();
    expect(take!.step).toMatchObject({ position: 300n, isEnd: false });
    jobs.published(take!);
    expect(await turn()).toBeNull();
  });

  test.each([
    ["redrive", "redrive"],
    ["redrive", "discard"],
    ["discard", "redrive"],
  ] as const)(
    "a dead letter that a cancelled job ruled on is not ruled on again before its promotion: %s, %s",
    async (first, second) => {
      // As Postgres shows it until the first job's step is promoted.
      let act: JobAct = first;
      const event = { seq: 7n, bytes: 1, topic: "t", tenantId: "t" } as OutboxEvent;
      const { clock, open, jobs, turn } = world(() => ({ rows: [{ act, event }], position: 7n, isToEnd: true }));
      const ruled = ({ step }: JobTake) => [...step.redriven, ...step.discarded];
      const taken = (await turn())!;
      expect(ruled(taken)).toEqual([7n]);
      jobs.published(taken);
      open.length = 0;
      clock.nowMs += LOOK_MS;
      expect(await turn()).toBeNull();
      open.push({ ...JOB, jobId: "other" });
      act = second;
      clock.nowMs += LOOK_MS;
      expect(ruled((await turn())!)).toEqual([]);
      jobs.promoted();
      expect(ruled((await turn())!)).toEqual([7n]);
    },
  );
});
