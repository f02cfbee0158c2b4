import { createHash } from "node:crypto";
import { SidingError } from "@siding/core/errors.js";

const VERSION = 1;
const SEQ = /^[1-9]\d{0,18}$/;
/** Larger than any that is made here. */
const LENGTH_MAX = 200;

/** What a list was asked for, as its asker wrote it: a cursor goes on with that list and with no other. */
export type ListQuestion = Readonly<Record<string, string | undefined>>;

/** The place below a seq in the list that answers a question: opaque outside, and good for as long as its events are. */
export function encodePageCursor(below: bigint, question: ListQuestion): string {
  return Buffer.from(JSON.stringify({ v: VERSION, below: String(below), of: digest(question) })).toString("base64url");
}

/** @throws SIDING_USAGE for what {@link encodePageCursor} never made, or made for another question */
export function decodePageCursor(text: string, question: ListQuestion): bigint {
  const { v, below, of } = fields(text);
  if (v !== VERSION || typeof below !== "string" || !SEQ.test(below) || typeof of !== "string") {
    throw new SidingError("SIDING_USAGE", "the cursor is not one that a list has answered");
  }
  if (of !== digest(question)) {
    throw new SidingError("SIDING_USAGE", "the cursor belongs to a list with other filters: give the same ones again");
  }
  return BigInt(below);
}

function fields(text: string): Readonly<Record<string, unknown>> {
  if (text.length > LENGTH_MAX || !/^[\w-]+$/.test(text)) return {};
  try {
    return Object(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    return {}; // not JSON: told by the caller as any other foreign text
  }
}

/** So short that a cursor fits a line; it keeps out mistakes, not attackers, who may ask for any page anyway. */
function digest(question: ListQuestion): string {
  const asked = Object.entries(question)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(asked)).digest("base64url").slice(0, 12);
}
