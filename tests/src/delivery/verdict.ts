import type { ReceivedRecord } from "./committed-reader.js";
import type { Expected } from "./counter-traffic.js";

export interface Verdict {
  readonly expected: number;
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  readonly unexpected: readonly string[];
}

/** Holds what arrived against what was committed. */
export function judge(expected: Expected, records: readonly ReceivedRecord[]): Verdict {
  const arrived = new Map<string, number[]>();
  for (const { key, value } of records) {
    const counts = arrived.get(key) ?? [];
    counts.push((JSON.parse(value) as { count: number }).count);
    arrived.set(key, counts);
  }
  const missing: string[] = [];
  const doubled: string[] = [];
  const disordered: string[] = [];
  const unexpected: string[] = [];
  for (const [key, counts] of arrived) {
    const max = expected.get(key) ?? 0;
    const seen = new Set<number>();
    let highest = 0;
    for (const count of counts) {
      const name = `${key}#${count}`;
      if (count > max) unexpected.push(name);
      if (seen.has(count)) doubled.push(name);
      else if (count < highest) disordered.push(`${name} after ${highest}`);
      seen.add(count);
      highest = Math.max(highest, count);
    }
  }
  let total = 0;
  for (const [key, max] of expected) {
    total += max;
    const seen = new Set(arrived.get(key));
    for (let count = 1; count <= max; count++) if (!seen.has(count)) missing.push(`${key}#${count}`);
  }
  return { expected: total, missing, doubled, disordered, unexpected };
}

export const NOTHING_WRONG = { missing: [], doubled: [], disordered: [], unexpected: [] };
