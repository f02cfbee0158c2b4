import type { Job } from "@siding/admin/api/job.js";
import { SidingError } from "@siding/core/errors.js";
import { expect, test } from "vitest";
import { waitForJob } from "./wait-for-job.js";

const busy = new SidingError("SIDING_API_UNREACHABLE", "Too many requests.");
const gone = new SidingError("SIDING_JOB_UNKNOWN", "there is no job");
const counts = { replayed: 1, redriven: 0, discarded: 0, waiting: 0, failed: 0 };
const job = (state: Job["state"]) => ({ job_id: "1", kind: "replay", state, asked: 1, counts }) as Job;

function jobsThat(answers: readonly (Job | SidingError)[], patienceMs: number) {
  const left = [...answers];
  const show = async (): Promise<Job> => {
    const answer = left.length > 1 ? left.shift()! : left[0]!;
    if (answer instanceof SidingError) throw answer;
    return answer;
  };
  return { show, pace: { everyMs: 1, patienceMs } };
}

test("a question that may be answered later is asked again, from the first one on", async () => {
  const jobs = jobsThat([busy, job("running"), busy, busy, job("done")], 60_000);
  expect(await waitForJob(jobs, "1")).toMatchObject({ state: "done" });
});

test("patience ends, and what will never be answered is not asked again", async () => {
  await expect(waitForJob(jobsThat([job("running"), busy], 5), "1")).rejects.toBe(busy);
  await expect(waitForJob(jobsThat([job("running"), busy, job("done")], 0), "1")).rejects.toBe(busy);
  await expect(waitForJob(jobsThat([gone, job("done")], 60_000), "1")).rejects.toBe(gone);
});
