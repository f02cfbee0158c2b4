import type { Lane, LaneFilter } from "./lane.js";

/** One filter, one name. */
export function nameOf({ tenantId, topic, key, seq }: LaneFilter): string {
  return JSON.stringify([tenantId, topic, key, seq === null ? null : String(seq)]);
}

/** How much of a batch one lane may take. */
export interface LaneShare {
  readonly lane: Lane;
  /** Above 0; the lane ends with the event with which it reaches it. */
  readonly bytes: number;
}

export interface TurnInput {
  readonly due: readonly Lane[];
  readonly weightOf: (lane: Lane) => number;
  /** What the main line would take of this batch, and the weights of the tenants that wait on it, added up. */
  readonly main: { readonly bytes: number; readonly weight: number };
  readonly budgetBytes: number;
  /** How many lanes are read for one batch at most; the others come first in the next. */
  readonly lanesMax: number;
}

export interface Turn {
  readonly mainBytes: number;
  readonly lanes: readonly LaneShare[];
}

/**
 * Whose turn it is: deficit round robin, weighted and in bytes (Shreedhar & Varghese 1995), over the lanes that are due and
 * the main line. What a lane could not use of its share stays to its credit while it has more, what it takes beyond its
 * share is a debt, and one that has nothing left has no credit. The main line's demand is known, since its page lies there:
 * what it does not use falls to the lanes.
 */
export class LaneTurns {
  readonly #credit = new Map<string, number>();
  readonly #servedAt = new Map<string, number>();
  #turn = 0;

  choose({ due, weightOf, main, budgetBytes, lanesMax }: TurnInput): Turn {
    if (due.length === 0) return { mainBytes: budgetBytes, lanes: [] };
    const waiting = due.map((lane) => ({ lane, servedAt: this.#servedAt.get(nameOf(lane.filter)) ?? -1 }));
    const chosen = waiting.sort((a, b) => a.servedAt - b.servedAt).slice(0, lanesMax);
    const weights = chosen.map(({ lane }) => weightOf(lane));
    const weight = weights.reduce((sum, each) => sum + each, 0);
    const mainBytes = Math.min(main.bytes, (budgetBytes * main.weight) / (main.weight + weight));
    const lanes: LaneShare[] = [];
    for (const [index, { lane }] of chosen.entries()) {
      const name = nameOf(lane.filter);
      const share = ((budgetBytes - mainBytes) * weights[index]!) / weight;
      const bytes = (this.#credit.get(name) ?? 0) + share;
      // A large event is paid off over several turns.
      if (bytes > 0) lanes.push({ lane, bytes });
      else this.#credit.set(name, bytes);
    }
    return { mainBytes, lanes };
  }

  /**
   * After the batch is published.
   * @param used how many bytes the lane took of its share
   * @param hasMore whether it had more to send: then what is left of its share stays to its credit
   */
  took({ lane, bytes }: LaneShare, { used, hasMore }: { readonly used: number; readonly hasMore: boolean }): void {
    const name = nameOf(lane.filter);
    const left = bytes - used;
    if (hasMore || left < 0) this.#credit.set(name, left);
    else this.#credit.delete(name);
    // One that the batch was too full for comes first in the next.
    if (used > 0 || !hasMore) this.#servedAt.set(name, this.#turn++);
  }

  /** The lane is no more. */
  forget(filter: LaneFilter): void {
    const name = nameOf(filter);
    this.#credit.delete(name);
    this.#servedAt.delete(name);
  }
}
