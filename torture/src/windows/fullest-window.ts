/** Something that counts against a limit. */
export interface Arrival {
  /** In whole milliseconds, cut down. */
  readonly atMs: number;
  readonly units: number;
}

export interface FullestWindow {
  readonly units: number;
  /** Where it begins. */
  readonly fromMs: number;
}

/**
 * The most that any window of that length holds, wherever it begins. Two arrivals whose cut times differ by less than
 * windowMs are less than windowMs apart in truth, so all that is counted together here does lie in one window: there is
 * nothing to allow for.
 */
export function fullestWindow(arrivals: readonly Arrival[], windowMs: number): FullestWindow {
  const sorted = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  let fullest: FullestWindow = { units: 0, fromMs: 0 };
  let units = 0;
  let first = 0;
  for (const arrival of sorted) {
    units += arrival.units;
    for (; arrival.atMs - sorted[first]!.atMs >= windowMs; first++) units -= sorted[first]!.units;
    if (units > fullest.units) fullest = { units, fromMs: sorted[first]!.atMs };
  }
  return fullest;
}
