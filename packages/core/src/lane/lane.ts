import type { Cursor, LogPlace } from "../cursor/cursor.js";

/**
 * What a lane carries: a topic's events, a tenant's, a tenant's of one topic, of those one ordering key's, or one event
 * alone. Null: any. A key or a seq is given with a tenant and a topic only, and never both.
 */
export interface LaneFilter {
  readonly tenantId: string | null;
  readonly topic: string | null;
  readonly key: string | null;
  readonly seq: bigint | null;
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
  /** How often a breaker's probe has failed since it opened; 0 for every other reason. */
  readonly probes: number;
  readonly cursor: Cursor;
}

/** What decides which line carries a row. */
export interface LaneRow extends LogPlace {
  readonly tenantId: string;
  readonly topic: string;
  readonly key: string | null;
}

export function ofTopic(topic: string): LaneFilter {
  return { tenantId: null, topic, key: null, seq: null };
}

export function ofTenant(tenantId: string): LaneFilter {
  return { tenantId, topic: null, key: null, seq: null };
}

export function ofTenantAndTopic({ tenantId, topic }: Pick<LaneRow, "tenantId" | "topic">): LaneFilter {
  return { tenantId, topic, key: null, seq: null };
}

/** What has to keep its order with the row: its key's events of the same tenant and topic, or the row alone. */
export function ofOrder({ tenantId, topic, key, seq }: LaneRow): LaneFilter {
  return { tenantId, topic, key, seq: key === null ? seq : null };
}

export function matches(filter: LaneFilter, row: LaneRow): boolean {
  return (
    (filter.tenantId === null || filter.tenantId === row.tenantId) &&
    (filter.topic === null || filter.topic === row.topic) &&
    (filter.key === null || filter.key === row.key) &&
    (filter.seq === null || filter.seq === row.seq)
  );
}

export function isSameFilter(a: LaneFilter, b: LaneFilter): boolean {
  return a.tenantId === b.tenantId && a.topic === b.topic && a.key === b.key && a.seq === b.seq;
}

/** What both filters carry. Null: no row is carried by both. */
export function intersection(a: LaneFilter, b: LaneFilter): LaneFilter | null {
  for (const part of ["tenantId", "topic", "key", "seq"] as const) {
    if (a[part] !== null && b[part] !== null && a[part] !== b[part]) return null;
  }
  return {
    tenantId: a.tenantId ?? b.tenantId,
    topic: a.topic ?? b.topic,
    key: a.key ?? b.key,
    seq: a.seq ?? b.seq,
  };
}
