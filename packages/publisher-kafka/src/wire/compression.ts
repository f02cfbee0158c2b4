import { gzipSync } from "node:zlib";
import { compressSync as snappy } from "snappy";

/** How the records of a batch are compressed: the attribute's bits 0-2 (Kafka documentation, "Record Batch"). */
export interface Compression {
  readonly attribute: number;
  compress(bytes: Buffer): Buffer;
}

const NONE: Compression = { attribute: 0, compress: (bytes) => bytes };

/** By the client's names. lz4 and zstd are the other client's to write. */
const BY_NAME: ReadonlyMap<string, Compression> = new Map([
  ["none", NONE],
  ["gzip", { attribute: 1, compress: (bytes) => gzipSync(bytes) }],
  ["snappy", { attribute: 2, compress: (bytes) => snappy(bytes) }],
]);

/** Null for one that cannot be written here. */
export function compressionOf(name: string): Compression | null {
  return BY_NAME.get(name) ?? null;
}
