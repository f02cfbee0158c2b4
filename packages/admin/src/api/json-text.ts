/** Where a value stands in a JSON text. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

interface Frame {
  readonly isArray: boolean;
  index: number;
  key: string;
  isKeyNext: boolean;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * Finds values in a JSON text by their paths without parsing it, so that what is left of it stays as it was written: its
 * numbers, its layout. Inside of a value that is wanted nothing else is looked for.
 * @param json valid JSON
 * @param isWanted given names of members and indexes of elements, from the outermost in; not to be kept
 */
export function valueRanges(json: string, isWanted: (path: readonly string[]) => boolean): ValueRange[] {
  const ranges: ValueRange[] = [];
  // Not recursive: JSON may be nested deeper than a call stack is.
  const frames: Frame[] = [];
  let wanted: { readonly start: number; readonly depth: number } | null = null;

  const begins = (start: number): void => {
    if (wanted !== null) return;
    const path = frames.map(({ isArray, index, key }) => (isArray ? String(index) : key));
    if (isWanted(path)) wanted = { start, depth: frames.length };
  };
  const ends = (end: number): void => {
    if (wanted?.depth !== frames.length) return;
    ranges.push({ start: wanted.start, end });
    wanted = null;
  };

  for (const { 0: token, index: at } of json.matchAll(TOKEN)) {
    const frame = frames.at(-1);
    if (token === "{" || token === "[") {
      begins(at);
      frames.push({ isArray: token === "[", index: 0, key: "", isKeyNext: token === "{" });
    } else if (token === "}" || token === "]") {
      frames.pop();
      ends(at + 1);
    } else if (token === ",") {
      frame!.index += 1;
      frame!.isKeyNext = !frame!.isArray;
    } else if (token === ":") {
      frame!.isKeyNext = false;
    } else if (frame?.isKeyNext === true) {
      frame.key = JSON.parse(token) as string;
    } else {
      begins(at);
      ends(at + token.length);
    }
  }
  return ranges;
}
