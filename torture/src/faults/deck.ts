import type { SeededRandom } from "@siding/testkit/random.js";

export interface Card<Point, Fault> {
  readonly point: Point;
  readonly fault: Fault;
}

/** A dear fault comes at every nth point of a round, at others in the next: in n rounds it has been at all of them. */
const DEAR_EVERY = 3;

/**
 * Deals every combination of point and fault, in rounds, each shuffled anew: whatever the length of a run, its
 * combinations differ as much as they can. The same seed deals the same sequence.
 */
export class Deck<Point, Fault> {
  readonly #points: readonly Point[];
  readonly #faults: readonly Fault[];
  readonly #dear: ReadonlySet<Fault>;
  readonly #random: SeededRandom;
  #round = 0;
  #cards: Card<Point, Fault>[] = [];

  constructor(spec: {
    readonly points: readonly Point[];
    readonly faults: readonly Fault[];
    readonly dear: ReadonlySet<Fault>;
    readonly random: SeededRandom;
  }) {
    this.#points = spec.points;
    this.#faults = spec.faults;
    this.#dear = spec.dear;
    this.#random = spec.random;
  }

  next(): Card<Point, Fault> {
    if (this.#cards.length === 0) this.#deal();
    return this.#cards.pop()!;
  }

  #deal(): void {
    for (const [index, point] of this.#points.entries()) {
      for (const fault of this.#faults) {
        if (this.#dear.has(fault) && (index + this.#round) % DEAR_EVERY !== 0) continue;
        this.#cards.push({ point, fault });
      }
    }
    for (let i = this.#cards.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [this.#cards[i], this.#cards[j]] = [this.#cards[j]!, this.#cards[i]!];
    }
    this.#round += 1;
  }
}
