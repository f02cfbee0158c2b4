/** Grows by doubling; most requests of a small batch fit at once. */
const FIRST_BYTES = 4_096;

/**
 * Kafka's primitive types, written one after another (Kafka protocol guide, "Protocol Primitive Types"). Strings, arrays and
 * tagged fields are in the compact form of flexible versions (KIP-482).
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** What was written. Shares memory with the writer, which is done then. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  int8(value: number): this {
    this.#length = this.#room(1).writeInt8(value, this.#length);
    return this;
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  int16(value: number): this {
    this.#length = this.#room(2).writeInt16BE(value, this.#length);
    return this;
  }

  int32(value: number): this {
    this.#length = this.#room(4).writeInt32BE(value, this.#length);
    return this;
  }

  uint32(value: number): this {
    this.#length = this.#room(4).writeUInt32BE(value, this.#length);
    return this;
  }

  int64(value: bigint): this {
    this.#length = this.#room(8).writeBigInt64BE(value, this.#length);
    return this;
  }

  /** UNSIGNED_VARINT, up to 32 bits. */
  uvarint(value: number): this {
    const bytes = this.#room(5);
    let left = value >>> 0;
    while (left > 0x7f) {
      bytes[this.#length++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    bytes[this.#length++] = left;
    return this;
  }

  /** VARINT: zigzag, 32 bits. */
  varint(value: number): this {
    return this.uvarint((value << 1) ^ (value >> 31));
  }

  raw(bytes: Buffer): this {
    bytes.copy(this.#room(bytes.length), this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** As {@link raw}, behind its length as a VARINT; -1 is null. */
  varintBytes(bytes: Buffer | null): this {
    return bytes === null ? this.varint(-1) : this.varint(bytes.length).raw(bytes);
  }

  /** Text behind its length in bytes as a VARINT. */
  varintText(text: string): this {
    const length = Buffer.byteLength(text);
    this.varint(length);
    this.#length += this.#room(length).write(text, this.#length);
    return this;
  }

  /** NULLABLE_STRING of the request header, which never is compact. */
  plainString(text: string): this {
    return this.int16(Buffer.byteLength(text)).#text(text);
  }

  /** COMPACT_STRING; null only where the field is nullable. */
  string(text: string | null): this {
    return text === null ? this.uvarint(0) : this.uvarint(Buffer.byteLength(text) + 1).#text(text);
  }

  /** COMPACT_BYTES, COMPACT_RECORDS. */
  bytes(bytes: Buffer): this {
    return this.uvarint(bytes.length + 1).raw(bytes);
  }

  /** COMPACT_ARRAY of structures: each is closed by its own tagged fields where `write` says so. */
  array<T>(items: readonly T[], write: (item: T, writer: this) => void): this {
    this.uvarint(items.length + 1);
    for (const item of items) write(item, this);
    return this;
  }

  /** No tagged field is ever sent. */
  tags(): this {
    return this.uvarint(0);
  }

  /** Fills in what was left open: a length, a checksum. */
  patchInt32(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, at);
  }

  patchUint32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** What stands from `at` on. Shares memory with the writer. */
  from(at: number): Buffer {
    return this.#bytes.subarray(at, this.#length);
  }

  /** Forgets what stands from `at` on. */
  cut(at: number): void {
    this.#length = at;
  }

  #text(text: string): this {
    this.#length += this.#room(text.length * 3).write(text, this.#length);
    return this;
  }

  #room(bytes: number): Buffer {
    const needed = this.#length + bytes;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}
