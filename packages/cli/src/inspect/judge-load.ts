import type { Load } from "@siding/store-postgres/read-load.js";
import { formatAge } from "../status/format-age.js";

export interface Limits {
  readonly maxPending: bigint | undefined;
  readonly maxLagMs: number | undefined;
  readonly maxDead: bigint | undefined;
}

/**
 * One line for each limit that is exceeded, and for each halted shard: what is halted comes to an end by no waiting.
 * @param countedTo where counting ended: such a figure stands for itself or more
 */
export function judgeLoad(load: Load, limits: Limits, countedTo: { pending: bigint; dead: bigint }): string[] {
  const { maxPending, maxLagMs, maxDead } = limits;
  const lines: string[] = [];
  if (maxPending !== undefined && load.pending > maxPending) {
    lines.push(`pending: ${atLeast(load.pending, countedTo.pending)} events, more than ${maxPending}`);
  }
  if (maxLagMs !== undefined && load.lagMs !== null && load.lagMs > maxLagMs) {
    lines.push(`lag: the oldest pending event is ${formatAge(load.lagMs)} old, more than ${formatAge(maxLagMs)}`);
  }
  if (maxDead !== undefined && load.dead > maxDead) {
    lines.push(`dead: ${atLeast(load.dead, countedTo.dead)} events, more than ${maxDead}`);
  }
  return [...lines, ...load.halted.map(({ shard, reason }) => `shard ${shard} is halted: ${reason}`)];
}

/** A count, said so where counting ended there. */
export function atLeast(count: bigint, countedTo: bigint): string {
  return count >= countedTo ? `${count} or more` : String(count);
}
