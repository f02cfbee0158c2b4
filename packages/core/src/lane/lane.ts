import type { Cursor, LogPlace } from "../cursor/cursor.js";

/** What a lane carries: a tenant, a topic, or one tenant's events of one topic. Null: any. */
export interface LaneFilter {
  readonly tenantId: string | null;
  readonly topic: string | null;
}

/** Why a lane's events may not ride the main line (design §3): one mechanism, five reasons. */
export type LaneReason = "quota" | "fair-share" | "paused" | "breaker" | "retry";

/** A siding: the part of a shard's log that its filter names, read with a cursor of its own. */
export interface Lane {
  readonly filter: LaneFilter;
  readonly reason: LaneReason;
  /** One line for the operator: the quota, the error, who paused it and why. */
  readonly detail: string;
  /** When it may move again, in ms of Postgres' clock; null: when somebody says so. */
  readonly resumeAtMs: number | null;
  readonly cursor: Cursor;
}

/** What decides which line carries a row. */
export interface LaneRow extends LogPlace {
  readonly tenantId: string;
  readonly topic: string;
}

export function matches(filter: LaneFilter, row: LaneRow): boolean {
  return (
    (filter.tenantId === null || filter.tenantId === row.tenantId) &&
    (filter.topic === null || filter.topic === row.topic)
  );
}

export function isSameFilter(a: LaneFilter, b: LaneFilter): boolean {
  return a.tenantId === b.tenantId && a.topic === b.topic;
}

/** What both filters carry. Null: no row is carried by both. */
export function intersection(a: LaneFilter, b: LaneFilter): LaneFilter | null {
  if (a.tenantId !== null && b.tenantId !== null && a.tenantId !== b.tenantId) return null;
  if (a.topic !== null && b.topic !== null && a.topic !== b.topic) return null;
  return { tenantId: a.tenantId ?? b.tenantId, topic: a.topic ?? b.topic };
}
