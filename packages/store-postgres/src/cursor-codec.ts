import type { Cursor } from "@siding/core/cursor/cursor.js";
import { formatSnapshot, parseSnapshot } from "@siding/core/cursor/snapshot.js";

/** A cursor as the six parameters of prepare and advance: position, snapshot, nx, window position, H, window nx. */
export function cursorParameters(cursor: Cursor): (string | null)[] {
  const window = cursor.form === "window" ? cursor : null;
  return [
    String(cursor.position),
    formatSnapshot(cursor.snapshot),
    cursor.nextXid === null ? null : String(cursor.nextXid),
    window === null ? null : String(window.windowPosition),
    window === null ? null : formatSnapshot(window.windowSnapshot),
    window?.windowNextXid == null ? null : String(window.windowNextXid),
  ];
}

/** Reads to_json(siding.cursor). Its numbers are read as text: JSON.parse would round what lies above 2^53. */
export function parseCursor(json: string): Cursor {
  const field = (name: string): string | null => {
    const match = new RegExp(`"${name}":(?:"([^"]*)"|(\\d+)|null)`).exec(json);
    return match?.[1] ?? match?.[2] ?? null;
  };
  const required = (name: string): string => {
    const value = field(name);
    if (value === null) throw new Error(`cursor without ${name}: ${json}`);
    return value;
  };
  const optionalBigint = (value: string | null): bigint | null => (value === null ? null : BigInt(value));
  const base = {
    position: BigInt(required("position")),
    snapshot: parseSnapshot(required("snapshot")),
    nextXid: optionalBigint(field("next_xid")),
  };
  const windowPosition = field("window_position");
  if (windowPosition === null) return { form: "plain", ...base };
  return {
    form: "window",
    ...base,
    windowPosition: BigInt(windowPosition),
    windowSnapshot: parseSnapshot(required("window_snapshot")),
    windowNextXid: optionalBigint(field("window_next_xid")),
  };
}
