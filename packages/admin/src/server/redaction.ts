import { valueRanges } from "../api/json-text.js";

/** What of a topic's payloads is never shown, by anybody's token. */
export interface Redaction {
  /** A topic, or `*` for every one. */
  readonly topic: string;
  /** Names of members and indexes of elements, from the outermost in; `*` is any of them. */
  readonly path: readonly string[];
}

const REDACTED = '"[redacted]"';

/** Whether something of this topic's payloads is hidden: bytes, which have no paths, are hidden whole then. */
export function isRedacted(redactions: readonly Redaction[], topic: string): boolean {
  return redactions.some((each) => each.topic === "*" || each.topic === topic);
}

/** @param json valid JSON; everything but the redacted values stays as it was written */
export function redactJson(json: string, redactions: readonly Redaction[], topic: string): string {
  const paths = redactions.filter((each) => isRedacted([each], topic)).map(({ path }) => path);
  if (paths.length === 0) return json;
  const fits = (at: readonly string[]): boolean =>
    paths.some((path) => path.length === at.length && path.every((name, i) => name === "*" || name === at[i]));
  let shown = "";
  let from = 0;
  for (const { start, end } of valueRanges(json, fits)) {
    shown += json.slice(from, start) + REDACTED;
    from = end;
  }
  return shown + json.slice(from);
}
