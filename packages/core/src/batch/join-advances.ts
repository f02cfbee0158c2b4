import type { Advance } from "../ports/store.js";
import { sumTallies } from "../verify/tally.js";

/** Whether an advance may wait for the next one and be written with it: all that it says, the later one says as well, or adds to. */
export function canWait({ dead, lines, job }: Advance): boolean {
  const movesLanes = lines !== null && lines.changed.length + lines.dropped.length > 0;
  return dead.length === 0 && job === null && !movesLanes;
}

/**
 * Two advances in one: where the later one leads, and what both have published.
 * @param earlier one that can wait @param later the one that follows on it. Where both write quotas, the later one's are whole
 */
export function joinAdvances(earlier: Advance, later: Advance): Advance {
  const quotas = later.lines?.quotas ?? earlier.lines?.quotas ?? null;
  const lines = later.lines === null ? earlier.lines : { ...later.lines, quotas };
  return { ...later, lines, published: sumTallies([...earlier.published, ...later.published]) };
}
