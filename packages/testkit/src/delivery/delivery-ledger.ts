import type { Expected } from "./counter-traffic.js";

export interface Verdict {
  readonly expected: number;
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  readonly unexpected: readonly string[];
}

export const NOTHING_WRONG = { missing: [], doubled: [], disordered: [], unexpected: [] };

/** A record of counter-traffic's, and where it was read. */
export interface CountedRecord {
  readonly key: string;
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

/** Keeps, for each ordering key, which of its numbers arrived; says what is doubled or out of order at once. */
export class DeliveryLedger {
  readonly doubled: string[] = [];
  readonly disordered: string[] = [];
  #received = 0;
  readonly #keys = new Map<string, { readonly seen: Set<number>; highest: number }>();

  /** Different events that arrived. */
  get received(): number {
    return this.#received;
  }

  /** Takes a record in. Answers what is wrong with it, or null. */
  receive({ key, value, partition, offset }: CountedRecord): string | null {
    const { count } = JSON.parse(value) as { count: number };
    let arrived = this.#keys.get(key);
    if (arrived === undefined) {
      arrived = { seen: new Set(), highest: 0 };
      this.#keys.set(key, arrived);
    }
    const { seen, highest } = arrived;
    const name = `${key}#${count} at ${partition}/${offset}`;
    if (seen.has(count)) {
      this.doubled.push(name);
      return `doubled: ${name}`;
    }
    seen.add(count);
    this.#received += 1;
    arrived.highest = Math.max(highest, count);
    if (count > highest) return null;
    this.disordered.push(`${name} after #${highest}`);
    return `disordered: ${name} after #${highest}`;
  }

  /** Holds what arrived against what was committed. */
  verdict(expected: Expected): Verdict {
    const missing: string[] = [];
    const unexpected: string[] = [];
    let total = 0;
    for (const [key, max] of expected) {
      total += max;
      const seen = this.#keys.get(key)?.seen;
      for (let count = 1; count <= max; count++) if (!seen?.has(count)) missing.push(`${key}#${count}`);
    }
    for (const [key, { seen }] of this.#keys) {
      for (const count of seen) if (count > (expected.get(key) ?? 0)) unexpected.push(`${key}#${count}`);
    }
    return { expected: total, missing, doubled: this.doubled, disordered: this.disordered, unexpected };
  }
}
