import type { Batch, BatchPlan } from "@siding/core/batch/plan-batch.js";
import type { JobTake } from "@siding/core/job/take-of-job.js";
import { isSameFilter, type Lane } from "@siding/core/lane/lane.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import type { Lines } from "./lines.js";

/** A batch in which no line moves but for what was found empty. */
export function ofNoLine({ state }: Lines, plan: BatchPlan, judgedNs: bigint): Batch {
  return {
    kind: "batch",
    events: [],
    dead: [],
    passed: [],
    cursor: plan.kind === "empty" ? plan.cursor : state.main,
    whole: false,
    lanes: new Lanes(state.lanes),
    changed: [],
    dropped: [],
    quotas: new Map(),
    judgedNs,
    held: [],
    observed: new Map(),
    used: new Map(),
    isProbe: false,
    isFull: false,
  };
}

/**
 * Lanes that have no reason to wait any longer: what they hold is asked for now, or waited for a dead letter that is
 * ruled on with this batch.
 */
export function withFreedLanes(plan: Batch, { released, discarded, waiting }: JobTake, nowMs: number): Batch {
  const freed: Lane[] = [];
  for (const event of [...released, ...discarded]) {
    const lane = plan.lanes.cover(event);
    if (lane?.reason === "retry" && lane.resumeAtMs === null) freed.push({ ...lane, resumeAtMs: nowMs });
  }
  for (const event of waiting) {
    const lane = plan.lanes.cover(event);
    if (lane?.reason === "retry" || lane?.reason === "breaker") freed.push({ ...lane, resumeAtMs: nowMs });
  }
  if (freed.length === 0) return plan;
  for (const lane of freed) plan.lanes.set(lane);
  const isFreed = ({ filter }: Lane): boolean => freed.some((lane) => isSameFilter(lane.filter, filter));
  const unique = [...plan.lanes].filter(isFreed);
  return { ...plan, changed: [...plan.changed.filter((lane) => !isFreed(lane)), ...unique] };
}
