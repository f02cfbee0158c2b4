import type { Header } from "../encode-headers.js";
import type { ByteWriter } from "./byte-writer.js";
import type { Compression } from "./compression.js";
import { crc32c } from "./crc32c.js";

export interface WireRecord {
  readonly key: string;
  readonly value: string | Buffer;
  readonly headers: readonly Header[];
}

/** Who writes a batch, and which of its producer's records in that partition the first one is (KIP-98). */
export interface BatchOrigin {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly timestampMs: number;
}

const MAGIC = 2;
const IS_TRANSACTIONAL = 0x10;

/**
 * Records of one partition as a batch of a transaction (Kafka documentation, "Record Batch"), behind its length as
 * COMPACT_RECORDS want it.
 */
export function writeRecordBatch(
  writer: ByteWriter,
  records: readonly WireRecord[],
  origin: BatchOrigin,
  compression: Compression,
  scratch: ByteWriter,
): void {
  scratch.cut(0);
  const timestamp = BigInt(origin.timestampMs);
  scratch.int64(0n); // base offset: the broker's to give
  const lengthAt = scratch.length;
  scratch.int32(0).int32(-1).int8(MAGIC);
  const crcAt = scratch.length;
  scratch.uint32(0);
  const checkedFrom = scratch.length;
  scratch
    .int16(IS_TRANSACTIONAL | compression.attribute)
    .int32(records.length - 1)
    .int64(timestamp)
    .int64(timestamp)
    .int64(origin.producerId)
    .int16(origin.epoch)
    .int32(origin.sequence)
    .int32(records.length);
  const recordsFrom = scratch.length;
  for (const [index, record] of records.entries()) writeRecord(scratch, index, record);
  if (compression.attribute !== 0) {
    const compressed = compression.compress(scratch.from(recordsFrom));
    scratch.cut(recordsFrom);
    scratch.raw(compressed);
  }
  scratch.patchInt32(lengthAt, scratch.length - lengthAt - 4);
  scratch.patchUint32(crcAt, crc32c(scratch.from(checkedFrom)));
  writer.bytes(scratch.from(0));
}

function writeRecord(writer: ByteWriter, index: number, { key, value, headers }: WireRecord): void {
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = typeof value === "string" ? Buffer.byteLength(value) : value.length;
  const named: (readonly [string, string])[] = [];
  let length = 1 + 1 + varintBytes(index) + sized(keyBytes) + sized(valueBytes);
  for (const header of headers) {
    for (const name in header) {
      named.push([name, header[name]!]);
      length += sized(Buffer.byteLength(name)) + sized(Buffer.byteLength(header[name]!));
    }
  }
  length += varintBytes(named.length);
  writer.varint(length).int8(0).varint(0).varint(index).varintText(key);
  if (typeof value === "string") writer.varintText(value);
  else writer.varintBytes(value);
  writer.varint(named.length);
  for (const [name, text] of named) writer.varintText(name).varintText(text);
}

function sized(bytes: number): number {
  return varintBytes(bytes) + bytes;
}

/** How long a value that is not negative is as a VARINT. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let left = value * 2; left > 0x7f; left = Math.floor(left / 128)) bytes += 1;
  return bytes;
}
