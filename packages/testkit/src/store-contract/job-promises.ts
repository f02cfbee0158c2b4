import { isConsumed } from "@siding/core/cursor/cursor.js";
import { advance, rowsOf } from "@siding/core/cursor/page.js";
import type { JobStep, OpenJob } from "@siding/core/job/job.js";
import { ofOrder } from "@siding/core/lane/lane.js";
import type { Lease } from "@siding/core/ports/store.js";
import { expect, test } from "vitest";
import { NOTHING_ELSE } from "./nothing-else.js";
import { asLeft, claimed, enqueue, type StoreUnderTest } from "./store-under-test.js";

const PAGE = { events: 100, bytes: 1_000_000 };
const LIMITS = { ...PAGE, look: 100 };
const NOTHING = { ...NOTHING_ELSE };

function stepOf(job: OpenJob, more: Partial<JobStep>): JobStep {
  const { jobId, position, counts } = job;
  return { jobId, position, counts, lastError: null, isEnd: false, redriven: [], discarded: [], ...more };
}

export function jobPromises(opened: () => StoreUnderTest): void {
  /** Publishes all that is there, with a plan under the number; those named become dead letters. */
  async function publishAll(lease: Lease, batch: bigint, deadSeqs: readonly bigint[] = []) {
    const { store } = opened();
    const { cursor } = await claimed(opened());
    const page = await store.readPage(lease.shard, cursor, PAGE);
    const after = advance(cursor, page, rowsOf(page).length);
    const dead = deadSeqs.map((seq) => ({ seq, attempts: 5, lastError: "x", fingerprint: "x", retryInMs: 0 }));
    const fresh = await claimed(opened());
    await store.prepare(fresh.lease, { batch, cursor: after, ...NOTHING, dead });
    await store.promote(fresh.lease, batch);
    return { lease: fresh.lease, cursor: after };
  }

  test("a job asks for what was published when it was made, in order, and for nothing that came later", async () => {
    const { store } = opened();
    const seqs = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    await publishAll((await claimed(opened())).lease, 1n);
    await opened().makeJob("replay");
    const later = await enqueue(opened(), { shard: 0 });
    const { cursor } = await publishAll((await claimed(opened())).lease, 2n);
    expect(isConsumed(cursor, { seq: later, xid: 0n })).toBe(true);
    const [job] = await store.readJobs(0);
    const page = await store.readJobPage(0, job!, LIMITS);
    expect(page.rows.map(({ act, event }) => [act, event.seq])).toEqual(seqs.map((seq) => ["replay", seq]));
    expect(page.isToEnd).toBe(true);
    const cut = await store.readJobPage(0, job!, { ...LIMITS, events: 1 });
    expect(cut).toMatchObject({ position: seqs[0], isToEnd: false });
    const rest = await store.readJobPage(0, { ...job!, position: cut.position }, LIMITS);
    expect(rest.rows.map(({ event }) => event.seq)).toEqual([seqs[1]]);
  });

  test("a job's step stands once its plan is promoted, and is gone with a discard", async () => {
    const { store } = opened();
    const seq = await enqueue(opened(), { shard: 0 });
    const { lease, cursor } = await publishAll((await claimed(opened())).lease, 1n);
    await opened().makeJob("replay");
    const [job] = await store.readJobs(0);
    const counts = { ...job!.counts, replayed: 1 };
    const step = stepOf(job!, { position: seq, counts });
    await store.prepare(lease, { batch: 2n, cursor, ...NOTHING, job: step });
    expect(await store.readJobs(0)).toMatchObject([{ position: 0n }]);
    await store.discard(lease, 2n);
    expect(await store.readJobs(0)).toMatchObject([{ position: 0n }]);
    await store.prepare(lease, { batch: 3n, cursor, ...NOTHING, job: step });
    await store.prepare(lease, { batch: 4n, cursor, ...NOTHING, job: { ...step, isEnd: true } });
    expect(await store.readJobs(0)).toMatchObject([{ jobId: job!.jobId, position: seq, counts }]);
    await store.promote(lease, 4n);
    expect(await store.readJobs(0)).toEqual([]);
  });

  test("a dead letter is dead until the batch that redrives it is promoted", async () => {
    const { store } = opened();
    const [first, second] = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    const { lease, cursor } = await publishAll((await claimed(opened())).lease, 1n, [first]);
    await opened().makeJob("redrive");
    const [job] = await store.readJobs(0);
    const asked = async () =>
      (await store.readJobPage(0, job!, LIMITS)).rows.map(({ act, event }) => [act, event.seq, event.attempts]);
    expect(await asked()).toEqual([["redrive", first, 5]]);
    const step = stepOf(job!, { position: first, redriven: [first] });
    await store.prepare(lease, { batch: 2n, cursor, ...NOTHING, job: step });
    expect(await asked()).toEqual([["redrive", first, 5]]);
    await store.promote(lease, 2n);
    expect(await asked()).toEqual([]);
    await opened().makeJob("replay");
    const replay = (await store.readJobs(0)).at(-1)!;
    const page = await store.readJobPage(0, replay, LIMITS);
    expect(page.rows.map(({ act, event }) => [act, event.seq])).toEqual([
      ["replay", first],
      ["replay", second],
    ]);
    expect((await asLeft(opened())).failures).toEqual([]);
  });

  test("a dead letter that another job redrove since is published by no job that was made before", async () => {
    const { store } = opened();
    const [first, second] = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    const { lease, cursor } = await publishAll((await claimed(opened())).lease, 1n, [first]);
    await opened().makeJob("replay");
    const [replay] = await store.readJobs(0);
    const asked = async () =>
      (await store.readJobPage(0, replay!, LIMITS)).rows.map(({ act, event }) => [act, event.seq]);
    expect(await asked()).toEqual([
      ["redrive", first],
      ["replay", second],
    ]);
    await opened().makeJob("redrive");
    const redrive = (await store.readJobs(0)).find(({ jobId }) => jobId !== replay!.jobId)!;
    const step = stepOf(redrive, { position: first, redriven: [first] });
    await store.prepare(lease, { batch: 2n, cursor, ...NOTHING, job: step });
    await store.promote(lease, 2n);
    expect(await asked()).toEqual([["replay", second]]);
  });

  /** As {@link publishAll}, without plans. */
  async function advanceAll(deadSeqs: readonly bigint[]) {
    const { store } = opened();
    const { lease, cursor } = await claimed(opened());
    const page = await store.readPage(lease.shard, cursor, PAGE);
    const dead = deadSeqs.map((seq) => ({ seq, attempts: 5, lastError: "x", fingerprint: "x", retryInMs: 0 }));
    const after = advance(cursor, page, rowsOf(page).length);
    await store.advance(lease, { cursor: after, ...NOTHING, dead });
    return { lease, cursor: after, dead };
  }

  test("without plans: a dead letter that was redriven and died again is dead, whatever else advances", async () => {
    const { store } = opened();
    const seqs = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    const { lease, cursor, dead } = await advanceAll(seqs);
    await opened().makeJob("redrive");
    const [first] = await store.readJobs(0);
    const step = stepOf(first!, { position: seqs[0]!, redriven: [seqs[0]!], discarded: [seqs[1]!] });
    await store.advance(lease, { cursor, ...NOTHING, job: step });
    await store.advance(lease, { cursor, ...NOTHING, dead: dead.slice(0, 1) });
    await opened().makeJob("redrive");
    const again = (await store.readJobs(0)).find(({ jobId }) => jobId !== first!.jobId)!;
    await store.advance(lease, { cursor, ...NOTHING, job: stepOf(again, {}) });
    const page = await store.readJobPage(0, again, LIMITS);
    expect(page.rows.map(({ act, event }) => [act, event.seq])).toEqual([["redrive", seqs[0]]]);
  });

  test("without plans: a dead letter that another job redrove since is published by no job that was made before", async () => {
    const { store } = opened();
    const [first, second] = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    const { lease, cursor } = await advanceAll([first]);
    await opened().makeJob("replay");
    const [replay] = await store.readJobs(0);
    const asked = async (job: OpenJob) =>
      (await store.readJobPage(0, job, LIMITS)).rows.map(({ act, event }) => [act, event.seq]);
    await opened().passTime(1);
    await store.advance(lease, { cursor, ...NOTHING, job: stepOf(replay!, { redriven: [first] }) });
    expect(await asked(replay!)).toEqual([["replay", second]]);
    await opened().passTime(1);
    await opened().makeJob("replay");
    const later = (await store.readJobs(0)).find(({ jobId }) => jobId !== replay!.jobId)!;
    expect(await asked(later)).toEqual([
      ["replay", first],
      ["replay", second],
    ]);
  });

  test("without plans: what died since the job was made is none of its dead letters", async () => {
    const { store } = opened();
    const [first, second] = [await enqueue(opened(), { shard: 0 }), await enqueue(opened(), { shard: 0 })];
    const { lease, cursor, dead } = await advanceAll([first]);
    await opened().passTime(1);
    await opened().makeJob("redrive");
    await opened().passTime(1);
    await store.advance(lease, { cursor, ...NOTHING, dead: [{ ...dead[0]!, seq: second }] });
    const [job] = await store.readJobs(0);
    const { rows } = await store.readJobPage(0, job!, LIMITS);
    expect(rows.map(({ event }) => event.seq)).toEqual([first]);
  });

  test("an event that a lane held as the job was made is left to the lane", async () => {
    const { store } = opened();
    const held = await enqueue(opened(), { shard: 0, key: "k" });
    await enqueue(opened(), { shard: 0 });
    const { lease, cursor } = await claimed(opened());
    const page = await store.readPage(0, cursor, PAGE);
    const lane = {
      filter: ofOrder(rowsOf(page)[0]!),
      reason: "retry",
      detail: "x",
      resumeAtMs: null,
      probes: 0,
      cursor,
    } as const;
    const lines = { changed: [lane], dropped: [], quotas: null };
    await store.prepare(lease, { batch: 1n, cursor: advance(cursor, page, 2), ...NOTHING, lines });
    await store.promote(lease, 1n);
    await opened().makeJob("replay");
    const [job] = await store.readJobs(0);
    const { rows } = await store.readJobPage(0, job!, LIMITS);
    expect(rows.map(({ act }) => act)).toEqual(["wait", "replay"]);
    expect(rows[0]!.event.seq).toBe(held);
  });
}
