const BYTES_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["MiB", 1_048_576],
  ["MB", 1_000_000],
  ["KiB", 1_024],
  ["kB", 1_000],
  ["B", 1],
]);

/** Reads `8MiB`, `64KiB`, `1MB`, `500kB`, `512B` or a bare number of bytes; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit = "B"] = /^(\d+)(B|KiB|MiB|kB|MB)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Number(digits) * (BYTES_BY_UNIT.get(unit) ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A text that {@link parseBytes} reads as exactly this whole number of bytes, in the largest unit that divides it. */
export function formatBytes(bytes: number): string {
  for (const [unit, unitBytes] of BYTES_BY_UNIT) {
    if (bytes > 0 && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}B`;
}
