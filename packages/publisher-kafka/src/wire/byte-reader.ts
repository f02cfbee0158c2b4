/** Kafka's primitive types, read one after another; the counterpart of ByteWriter. @throws RangeError past the end */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#step(1));
  }

  bool(): boolean {
    return this.int8() !== 0;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#step(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#step(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#step(8));
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#step(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError("a length of more than 32 bits");
  }

  string(): string | null {
    const bytes = this.bytes();
    return bytes === null ? null : bytes.toString();
  }

  /** Shares memory with what is read. */
  bytes(): Buffer | null {
    const length = this.uvarint() - 1;
    if (length < 0) return null;
    const at = this.#step(length);
    if (at + length > this.#bytes.length) throw new RangeError("an answer that ends too soon");
    return this.#bytes.subarray(at, at + length);
  }

  array<T>(read: (reader: this) => T): T[] {
    const items: T[] = [];
    for (let left = this.uvarint() - 1; left > 0; left--) items.push(read(this));
    return items;
  }

  /** Tagged fields that nobody here knows are passed over (KIP-482). */
  tags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.#step(this.uvarint());
    }
  }

  #step(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
