/** `1 event`, `2 events`. A 64-bit number comes as text. */
export function plural(count: number | string, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? "" : "s"}`;
}
