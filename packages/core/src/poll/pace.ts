import type { Patience } from "../ports/store.js";

/**
 * How an idle shard is looked for (design §5, "Waking"): often after work was found, since more is likely, then ever less, down
 * to what keeps an idle relay under one hundredth of a core. The last one goes on.
 */
export const PACES: readonly [Patience, ...Patience[]] = [
  { everyMs: 1, forMs: 15 },
  { everyMs: 5, forMs: 300 },
  { everyMs: 25, forMs: 1_000 },
];
