import { SidingError } from "@siding/core/errors.js";
import type { AbortSignalLike, Clock } from "@siding/core/ports/clock.js";
import type { Retention } from "@siding/core/ports/retention.js";
import { describe, expect, test } from "vitest";
import { keepRetention } from "./keep-retention.js";
import type { RelayObserver } from "./relay-observer.js";

const LEASE = { shard: 3, epoch: 9n };

/** Runs until so many waits are over; answers what was asked, each wait with its length. */
async function asked(answers: Partial<Retention>, waits: number): Promise<{ calls: string[]; retried: number }> {
  const stop = new AbortController();
  const calls: string[] = [];
  let retried = 0;
  let left = waits;
  const clock = {
    sleep: async (ms: number) => {
      calls.push(`wait ${ms}`);
      left -= 1;
      if (left <= 0) stop.abort();
    },
  } as unknown as Clock;
  const observer = { retrying: () => (retried += 1) } as unknown as RelayObserver;
  const retention: Retention = {
    raiseFloor: async (lease, retentionMs) => {
      calls.push("raise");
      return answers.raiseFloor === undefined ? true : await answers.raiseFloor(lease, retentionMs);
    },
    forgetJobs: async () => void calls.push("jobs"),
    trim: async (lease, step) => {
      calls.push(`trim ${step.behind}`);
      return answers.trim === undefined ? { deleted: 0, next: null } : await answers.trim(lease, step);
    },
  };
  await keepRetention(
    { retention, retentionMs: 7 * 86_400_000 },
    { clock, observer },
    LEASE,
    stop.signal as AbortSignalLike,
  );
  return { calls, retried };
}

describe("retention beside a shard's main line", () => {
  test("goes through what there is in steps, rests between them, and longer at the end", async () => {
    const trim: Retention["trim"] = async (_lease, { behind, rowsMax }) => ({
      deleted: rowsMax,
      next: behind === 0n ? 2_000n : null,
    });
    const { calls } = await asked({ trim }, 3);
    expect(calls).toEqual([
      ...["raise", "jobs", "trim 0", "wait 100", "trim 2000", "wait 60000"],
      ...["raise", "jobs", "trim 0", "wait 100"],
    ]);
  });

  test("ends when the shard is another relay's", async () => {
    expect((await asked({ raiseFloor: async () => false }, 9)).calls).toEqual(["raise"]);
    expect((await asked({ trim: async () => null }, 9)).calls).toEqual(["raise", "jobs", "trim 0"]);
  });

  test("a store that fails is asked again later, and told of", async () => {
    const raiseFloor = async (): Promise<boolean> => {
      throw new SidingError("SIDING_STORE_UNREACHABLE", "gone");
    };
    expect(await asked({ raiseFloor }, 2)).toEqual({
      calls: ["raise", "wait 15000", "raise", "wait 15000"],
      retried: 2,
    });
  });
});
