/**
 * Order-independent checksum over event ids: the sum, modulo 2^64, of a 64-bit hash of each id's text (lower case, with
 * dashes). Unlike an exclusive or it does not lose an id that occurs twice. The upper half of the hash is FNV-1a with
 * 32 bits, the lower half the same with another start and multiplier; each half ends in MurmurHash3's finaliser, so that
 * ids which an application counts up by itself are told apart like random ones.
 */
export class Checksum {
  #high = 0;
  #low = 0;
  #events = 0;

  add(eventId: string): void {
    let high = 0x811c9dc5;
    let low = 0x9e3779b9;
    for (let i = 0; i < eventId.length; i++) {
      const code = eventId.charCodeAt(i);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, 0x5bd1e995);
    }
    const sum = this.#low + finalised(low);
    this.#low = sum >>> 0;
    this.#high = (this.#high + finalised(high) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    this.#events += 1;
  }

  get events(): number {
    return this.#events;
  }

  get value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }
}

/** The sum of two checksums is the checksum of both together. */
export function addChecksums(a: bigint, b: bigint): bigint {
  return BigInt.asUintN(64, a + b);
}

function finalised(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
