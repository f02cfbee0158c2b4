import { gzipSync } from "node:zlib";

/** How the records of a batch are compressed: the attribute's bits 0-2 (Kafka documentation, "Record Batch"). */
export interface Compression {
  readonly attribute: number;
  compress(bytes: Buffer): Buffer;
}

/** Its binary is an optional package of npm's: where it was left out, the other client compresses. */
const snappy = await import("snappy").then(
  ({ compressSync }) => compressSync,
  () => null,
);

const NONE: Compression = { attribute: 0, compress: (bytes) => bytes };

/** By the client's names. lz4 and zstd are the other client's to write. */
const BY_NAME: ReadonlyMap<string, Compression> = new Map([
  ["none", NONE],
  ["gzip", { attribute: 1, compress: (bytes) => gzipSync(bytes) }],
  ...(snappy === null ? [] : ([["snappy", { attribute: 2, compress: (bytes: Buffer) => snappy(bytes) }]] as const)),
]);

/** Null for one that cannot be written here. */
export function compressionOf(name: string): Compression | null {
  return BY_NAME.get(name) ?? null;
}
