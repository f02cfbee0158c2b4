const MS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

/**
 * Reads `250ms`, `60s`, `5m`, `12h` or `7d` as milliseconds; undefined for anything else. A bare number is refused:
 * nobody can tell whether its writer thought of seconds or of days.
 */
export function parseDurationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const durationMs = Number(digits) * (MS_BY_UNIT.get(unit) ?? Number.NaN);
  return Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

/** The shortest text that {@link parseDurationMs} reads as this whole number of milliseconds. */
export function formatDurationMs(durationMs: number): string {
  for (const [unit, unitMs] of MS_BY_UNIT) {
    if (durationMs > 0 && durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return `${durationMs}ms`;
}
