import { EnqueueError } from "./enqueue-error.js";

const HINT = "Turn it into a string, a number or another JSON value before enqueueing.";
const HINT_UNICODE = "Take the character out, or send the payload as bytes.";

/**
 * JSON text of a value, written once. What JSON.stringify drops without a word (a function, a symbol) or fails on (a
 * bigint, a cycle) is refused with its path, and so are the two kinds of character that Postgres's jsonb refuses: here
 * the transaction is still usable. As always in JSON, a property that is undefined is left out, and NaN becomes null.
 */
export function jsonText(value: unknown, name: string): string {
  let text: string | undefined;
  let isRefused = false;
  try {
    text = JSON.stringify(value, (_key, part: unknown) => {
      isRefused = describeOther(part) !== undefined;
      if (isRefused) throw new TypeError("not JSON");
      return part;
    });
  } catch (error) {
    if (isRefused) refuseOther(value, name);
    const words = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new EnqueueError("SD001", `${name} cannot be written as JSON: ${words}`, { hint: HINT, cause: error });
  }
  if (text === undefined) throw refusal(`${name} is undefined`, "Pass a JSON value; null is one.");
  if (MAYBE_UNSTORABLE.test(text)) refuseUnstorable(value, name);
  return text;
}

function refuseOther(value: unknown, name: string): void {
  const found = findPath(value, name, (part) => describeOther(part) !== undefined);
  if (found !== undefined) throw refusal(`${found.path} is ${describeOther(found.part)}, which JSON cannot hold`, HINT);
}

/** U+0000 or half of a surrogate pair, as JSON.stringify escapes it. Harmless after a backslash: that is text as such. */
const MAYBE_UNSTORABLE = /\\u(?:0000|d[89a-f])/;
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function refuseUnstorable(value: unknown, name: string): void {
  const found = findPath(value, name, (part) => typeof part === "string" && UNSTORABLE.test(part));
  if (found === undefined) return;
  const what = String(found.part).includes("\0") ? "the character U+0000" : "half of a surrogate pair";
  throw refusal(`${found.path} contains ${what}, which Postgres cannot hold in JSON`, HINT_UNICODE);
}

function refusal(message: string, hint: string): EnqueueError {
  return new EnqueueError("SD001", message, { hint });
}

function describeOther(part: unknown): string | undefined {
  const kind = typeof part;
  return kind === "bigint" || kind === "function" || kind === "symbol" ? `a ${kind}` : undefined;
}

/** Only walked to word an error: where in the value, as JSON sees it, is the first part (or key) that the test picks out. */
function findPath(
  value: unknown,
  path: string,
  picks: (part: unknown) => boolean,
  above: readonly unknown[] = [],
): { readonly path: string; readonly part: unknown } | undefined {
  const part = asJsonSees(value);
  if (picks(part)) return { path, part };
  if (typeof part !== "object" || part === null || above.includes(part)) return undefined;
  for (const [key, inner] of Object.entries(part)) {
    const step = Array.isArray(part)
      ? `[${key}]`
      : /^[A-Za-z_$][\w$]*$/.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`;
    if (picks(key)) return { path: `a key of ${path}`, part: key };
    const found = findPath(inner, path + step, picks, [...above, part]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function asJsonSees(value: unknown): unknown {
  const toJson = (value as { toJSON?: unknown } | null | undefined)?.toJSON;
  return typeof toJson === "function" ? toJson.call(value) : value;
}
