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
  /** What of it this batch gave; the rest is credit, or a debt, from before. */
  readonly given: number;
}

/** What a lane took of its share. */
export interface Taken {
  readonly share: LaneShare;
  /** In bytes. */
  readonly used: number;
  /** Whether it had more to send: then what is left of its share stays to its credit. */
  readonly hasMore: boolean;
  /** Whether something else than its share ended it. */
  readonly isHeld: boolean;
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

/** What a lane saves up while something else than its share holds it, such as a quota, in turns: for hours of it, none. */
const CREDIT_ROUNDS_MAX = 8;

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
  /** Lanes that were passed over because of a debt, and what the batch gave them to pay it. */
  #owing: readonly { readonly name: string; readonly given: number }[] = [];

  choose({ due, weightOf, main, budgetBytes, lanesMax }: TurnInput): Turn {
    // A batch that came to nothing was full for nobody.
    this.#payDebts(1);
    if (due.length === 0) return { mainBytes: budgetBytes, lanes: [] };
    const waiting = due.map((lane) => ({ lane, servedAt: this.#servedAt.get(nameOf(lane.filter)) ?? -1 }));
    const chosen = waiting.sort((a, b) => a.servedAt - b.servedAt).slice(0, lanesMax);
    const weights = chosen.map(({ lane }) => weightOf(lane));
    const weight = weights.reduce((sum, each) => sum + each, 0);
    const mainBytes = Math.min(main.bytes, (budgetBytes * main.weight) / (main.weight + weight));
    const lanes: LaneShare[] = [];
    const owing: { name: string; given: number }[] = [];
    for (const [index, { lane }] of chosen.entries()) {
      const name = nameOf(lane.filter);
      const given = ((budgetBytes - mainBytes) * weights[index]!) / weight;
      const bytes = (this.#credit.get(name) ?? 0) + given;
      // A large event is paid off over several turns.
      if (bytes > 0) lanes.push({ lane, bytes, given });
      else owing.push({ name, given });
    }
    this.#owing = owing;
    return { mainBytes, lanes };
  }

  /**
   * After the batch is planned.
   * @param isFull whether it was full before its lines had ended
   */
  took(taken: readonly Taken[], isFull: boolean): void {
    const waiting = taken.filter(({ hasMore }) => hasMore);
    const given = [...waiting.map(({ share }) => share), ...this.#owing].reduce((sum, each) => sum + each.given, 0);
    const noRoom = waiting.reduce((sum, { share, used }) => sum + Math.max(0, share.bytes - used), 0);
    const takenBack = isFull && given > 0 ? Math.min(1, noRoom / given) : 0;
    this.#payDebts(1 - takenBack);
    for (const { share, used, hasMore, isHeld } of taken) {
      const name = nameOf(share.lane.filter);
      const left = share.bytes - used - (hasMore ? takenBack * share.given : 0);
      const most = isHeld ? CREDIT_ROUNDS_MAX * share.given : left;
      if (hasMore || left < 0) this.#credit.set(name, Math.min(left, most));
      else this.#credit.delete(name);
      // One that the batch was too full for comes first in the next.
      if (used > 0 || !hasMore) this.#servedAt.set(name, this.#turn++);
    }
  }

  #payDebts(part: number): void {
    for (const { name, given } of this.#owing) {
      const credit = this.#credit.get(name);
      if (credit !== undefined) this.#credit.set(name, credit + part * given);
    }
    this.#owing = [];
  }

  /** The lane is no more. */
  forget(filter: LaneFilter): void {
    const name = nameOf(filter);
    this.#credit.delete(name);
    this.#servedAt.delete(name);
  }
}
