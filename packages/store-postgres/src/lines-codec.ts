import { createHash } from "node:crypto";
import type { Cursor } from "@siding/core/cursor/cursor.js";
import type { Lane, LaneFilter, LaneReason } from "@siding/core/lane/lane.js";
import { nameOf } from "@siding/core/lane/lane-turns.js";
import type { LinesChange } from "@siding/core/ports/store.js";
import type { QuotaState } from "@siding/core/quota/quota.js";
import type { Row } from "./connection.js";
import { cursorParameters, parseCursor } from "./cursor-codec.js";

/** The same lane has the same id under every batch: 128 bits of its filter's SHA-256. */
function laneId(filter: LaneFilter): string {
  return createHash("sha256").update(nameOf(filter)).digest("hex").slice(0, 32);
}

interface LaneValues {
  readonly filter: LaneFilter;
  /** Null: the lane is dropped. */
  readonly lane: Lane | null;
}

const UNCHANGED = [false, ...Array.from({ length: 15 }, () => null)];

/** What prepare and advance are told of lanes and quotas: whether there is anything, and siding.lay_lines' arguments. */
export function linesValues(change: LinesChange | null): unknown[] {
  if (change === null) return UNCHANGED;
  const { changed, dropped, quotas } = change;
  const rows: LaneValues[] = [
    ...changed.map((lane) => ({ filter: lane.filter, lane })),
    ...dropped.map((filter) => ({ filter, lane: null })),
  ];
  const column = <T>(read: (row: LaneValues) => T): T[] => rows.map(read);
  const states = quotas === null ? [] : [...quotas.states];
  return [
    true,
    column(({ filter }) => laneId(filter)),
    column(({ filter }) => filter.tenantId),
    column(({ filter }) => filter.topic),
    column(({ filter }) => filter.key),
    column(({ filter }) => (filter.seq === null ? null : String(filter.seq))),
    column(({ lane }) => lane?.reason ?? "dropped"),
    column(({ lane }) => lane?.detail ?? ""),
    column(({ lane }) => (lane?.resumeAtMs == null ? null : String(Math.ceil(lane.resumeAtMs)))),
    column(({ lane }) => lane?.probes ?? 0),
    column(({ lane }) => (lane === null ? null : cursorText(lane.cursor))),
    quotas?.isWhole ?? false,
    quotas === null ? null : states.map(([tenantId]) => tenantId),
    states.map(([, { events }]) => String(events)),
    states.map(([, { bytes }]) => String(bytes)),
    String(quotas?.judgedNs ?? 0n),
  ];
}

/** A row of read-lanes.sql. */
export function parseLane([tenantId, topic, key, seq, reason, detail, resumeMs, probes, cursor]: Row): Lane {
  return {
    filter: { tenantId: tenantId!, topic: topic!, key: key!, seq: seq == null ? null : BigInt(seq) },
    reason: reason as LaneReason,
    detail: detail!,
    resumeAtMs: resumeMs == null ? null : Number(resumeMs),
    probes: Number(probes),
    cursor: parseCursor(cursor!),
  };
}

/** The rows of read-quotas.sql, later ones over earlier ones. */
export function parseQuotas(rows: readonly Row[]): Map<string, QuotaState> {
  const quotas = new Map<string, QuotaState>();
  for (const [tenants, events, bytes, addedNs] of rows) {
    const added = BigInt(addedNs!);
    const eventsUntil: string[] = JSON.parse(events!);
    const bytesUntil: string[] = JSON.parse(bytes!);
    for (const [index, tenantId] of (JSON.parse(tenants!) as string[]).entries()) {
      quotas.set(tenantId, { events: BigInt(eventsUntil[index]!) + added, bytes: BigInt(bytesUntil[index]!) + added });
    }
  }
  return quotas;
}

/** A cursor as Postgres writes a siding.cursor. */
function cursorText(cursor: Cursor): string {
  const fields = cursorParameters(cursor).map((field) => (field === null ? "" : `"${field}"`));
  return `(${fields.join(",")})`;
}
