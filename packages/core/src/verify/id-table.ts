/**
 * UUIDs to small numbers, 0, 1, 2 … in the order in which they come: 24 bytes each in typed arrays, where a Map of
 * strings takes a hundred. Open addressing with linear probing, at most half full.
 */
export class IdTable {
  #words = new Uint32Array(4 * 1024);
  #slots = new Int32Array(2 * 1024).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The id's number, or -1. @param id 36 characters */
  find(id: string): number {
    return this.#slots[this.#slotOf(wordsOf(id))]!;
  }

  /** The id's number, a new one where it is not known: then it is size - 1. */
  add(id: string): number {
    const words = wordsOf(id);
    const slot = this.#slotOf(words);
    const known = this.#slots[slot]!;
    if (known >= 0) return known;
    if (4 * this.#size === this.#words.length) this.#words = grown(this.#words);
    this.#words.set(words, 4 * this.#size);
    this.#slots[slot] = this.#size;
    this.#size += 1;
    if (2 * this.#size > this.#slots.length) this.#rehash();
    return this.#size - 1;
  }

  idAt(index: number): string {
    const hex = Array.from(this.#words.subarray(4 * index, 4 * index + 4), (word) =>
      word.toString(16).padStart(8, "0"),
    );
    return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /** Where the id stands, or the free slot where it would. */
  #slotOf([a, b, c, d]: Words): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(a, b, c, d) & mask;
    for (;;) {
      const index = this.#slots[slot]!;
      const words = this.#words;
      const at = 4 * index;
      if (index < 0) return slot;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.#size; index++) {
      const [a, b, c, d] = this.#words.subarray(4 * index, 4 * index + 4) as unknown as Words;
      let slot = hashOf(a, b, c, d) & mask;
      while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index;
    }
  }
}

type Words = readonly [number, number, number, number];

/** Twice as long, with what it held. */
export function grown<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(array: T): T {
  const longer = new (array.constructor as new (length: number) => T)(2 * array.length);
  longer.set(array);
  return longer;
}

function wordsOf(id: string): Words {
  return [
    Number.parseInt(id.slice(0, 8), 16),
    Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16),
    Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16),
    Number.parseInt(id.slice(28, 36), 16),
  ];
}

function hashOf(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
