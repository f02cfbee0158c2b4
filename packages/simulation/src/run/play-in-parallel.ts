import { Worker } from "node:worker_threads";
import { Coverage } from "../world/coverage.js";
import type { SeedsPlayed } from "./play-seeds.js";

/** Small enough that the line of progress moves, large enough that handing it out costs nothing. */
const SEEDS_A_PIECE = 100;

/**
 * Plays seeds on several threads, in pieces from the lowest on. After a failure no new pieces are handed out; those
 * under way are finished, and the lowest failing seed is the answer, so that it does not depend on the threads.
 */
export async function playInParallel(
  seeds: { readonly from: number; readonly count: number },
  threads: number,
  onProgress: (played: number) => void,
): Promise<SeedsPlayed> {
  const coverage = new Coverage();
  const end = seeds.from + seeds.count;
  let next = seeds.from;
  let played = 0;
  let failure: SeedsPlayed["failure"] = null;
  const runOne = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.js", import.meta.url));
    try {
      while (next < end && failure === null) {
        const from = next;
        const count = Math.min(SEEDS_A_PIECE, end - from);
        next += count;
        const result = await piece(worker, from, count);
        played += result.played;
        coverage.add(result.counts);
        failure = lower(failure, result.failure);
        onProgress(played);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, runOne));
  return { played, counts: coverage.counts(), failure };
}

function lower(a: SeedsPlayed["failure"], b: SeedsPlayed["failure"]): SeedsPlayed["failure"] {
  if (a === null || b === null) return a ?? b;
  return a.seed < b.seed ? a : b;
}

function piece(worker: Worker, from: number, count: number): Promise<SeedsPlayed> {
  return new Promise((resolve, reject) => {
    worker.once("message", (result: SeedsPlayed) => {
      worker.off("error", reject);
      resolve(result);
    });
    worker.once("error", reject);
    worker.postMessage({ from, count });
  });
}
