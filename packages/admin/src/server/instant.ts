import { HttpProblem } from "./http-problem.js";

/** What Postgres and RFC 3339 both can write. */
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * A time of a request in the form that Postgres is given.
 * @param name as the request names it
 * @throws HttpProblem 400 for one that no calendar has
 */
export function instant(name: string, text: string): string {
  const ms = Date.parse(text);
  if (!(ms >= EARLIEST_MS && ms <= LATEST_MS)) {
    throw new HttpProblem(400, `${name} is no time from the year 1 to 9999, such as 2026-03-01T02:00:00Z.`);
  }
  return new Date(ms).toISOString();
}

export function instantOrNone(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : instant(name, text);
}
