import type { Cursor } from "@siding/core/cursor/cursor.js";
import type { Page } from "@siding/core/cursor/page.js";
import { isVisible, type Snapshot } from "@siding/core/cursor/snapshot.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { PageLimits } from "@siding/core/ports/store.js";

/** What a writer says of the event; the log adds xid and seq. */
export interface Draft {
  readonly shard: number;
  readonly tenantId: string;
  readonly key: string | null;
  readonly topic: string;
  readonly eventId: string;
  readonly bytes: number;
}

type Fate = "running" | "committed" | "rolled-back";

interface LoggedRow {
  readonly shard: number;
  readonly event: OutboxEvent;
}

/**
 * siding.event as Postgres keeps it: transactions draw an xid with their first write and a seq with each row, commit in
 * any order or not at all, and are seen through snapshots. xmax is last-completed + 1, as in Postgres, so transactions
 * may run above it that no snapshot lists.
 */
export class SimulatedLog {
  readonly #rows: LoggedRow[] = [];
  readonly #fates = new Map<bigint, Fate>();
  #nextXid = 1n;
  #latestCompleted = 0n;

  /** A transaction's first write. */
  begin(): bigint {
    const xid = this.#nextXid++;
    this.#fates.set(xid, "running");
    return xid;
  }

  insert(xid: bigint, draft: Draft): OutboxEvent {
    const event: OutboxEvent = {
      seq: BigInt(this.#rows.length + 1),
      xid,
      eventId: draft.eventId,
      tenantId: draft.tenantId,
      dedupeKey: draft.eventId,
      topic: draft.topic,
      key: draft.key,
      headers: null,
      payload: "{}",
      bytes: draft.bytes,
      createdAt: "2026-01-01T00:00:00.000Z",
      attempts: 0,
    };
    this.#rows.push({ shard: draft.shard, event });
    return event;
  }

  commit(xid: bigint): void {
    this.#end(xid, "committed");
  }

  rollback(xid: bigint): void {
    this.#end(xid, "rolled-back");
  }

  /** A write of the relay's own: a transaction that begins and ends at once. */
  assignXid(): bigint {
    const xid = this.begin();
    this.commit(xid);
    return xid;
  }

  snapshot(): Snapshot {
    const xmax = this.#latestCompleted + 1n;
    const inProgress = [...this.#fates].filter(([xid, fate]) => fate === "running" && xid < xmax).map(([xid]) => xid);
    inProgress.sort((a, b) => (a < b ? -1 : 1));
    return { xmin: inProgress[0] ?? xmax, xmax, inProgress };
  }

  /** Committed rows, in seq order. */
  committed(shard?: number): OutboxEvent[] {
    return this.#rows
      .filter((row) => this.#fates.get(row.event.xid) === "committed" && (shard === undefined || row.shard === shard))
      .map((row) => row.event);
  }

  /** What read-plain-page.sql and read-window-page.sql answer, with their way of looking for late rows. */
  readPage(shard: number, cursor: Cursor, limits: PageLimits): Page<OutboxEvent> {
    const snapshot = this.snapshot();
    const isCandidate = (xid: bigint): boolean =>
      cursor.snapshot.inProgress.includes(xid) ||
      (xid >= cursor.snapshot.xmax && xid < (cursor.nextXid ?? snapshot.xmax));
    const visible = this.committed(shard);
    const isWindow = cursor.form === "window";
    const allLate = visible.filter(
      (row) =>
        row.seq <= cursor.position &&
        isCandidate(row.xid) &&
        (!isWindow || (row.seq > cursor.windowPosition && isVisible(row.xid, cursor.windowSnapshot))),
    );
    const late = allLate.slice(0, limits.events);
    const fresh = isWindow ? [] : visible.filter((row) => row.seq > cursor.position);
    let bytesBefore = 0;
    const cut = [...late, ...fresh].slice(0, limits.events).filter((row) => {
      const isIn = bytesBefore < limits.bytes;
      bytesBefore += row.bytes;
      return isIn;
    });
    const lateKept = cut.filter((row) => row.seq <= cursor.position);
    return {
      snapshot,
      late: lateKept,
      lateComplete: late.length < limits.events && lateKept.length === late.length,
      fresh: cut.filter((row) => row.seq > cursor.position),
    };
  }

  #end(xid: bigint, fate: Fate): void {
    this.#fates.set(xid, fate);
    if (xid > this.#latestCompleted) this.#latestCompleted = xid;
  }
}
