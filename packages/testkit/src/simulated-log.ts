import type { Cursor, PlainCursor } from "@siding/core/cursor/cursor.js";
import type { Page, PageLimits, Skim } from "@siding/core/cursor/page.js";
import { isVisible, type Snapshot } from "@siding/core/cursor/snapshot.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import { type Lane, matches } from "@siding/core/lane/lane.js";
import type { LanePage } from "@siding/core/lane/lane-page.js";

/** What a writer says of the event; the log adds xid and seq. */
export interface Draft {
  readonly shard: number;
  readonly tenantId: string;
  readonly key: string | null;
  readonly topic: string;
  readonly eventId: string;
  readonly bytes: number;
  readonly payload?: string | undefined;
  readonly headers?: OutboxEvent["headers"] | undefined;
}

type Fate = "running" | "committed" | "rolled-back";

/**
 * siding.event as Postgres keeps it: transactions draw an xid with their first write and a seq with each row, commit in
 * any order or not at all, and are seen through snapshots. xmax is last-completed + 1, as in Postgres, so transactions
 * may run above it that no snapshot lists.
 */
export class SimulatedLog {
  /** Each shard's rows in seq order, whatever became of their transaction. */
  readonly #rows = new Map<number, OutboxEvent[]>();
  readonly #fates = new Map<bigint, Fate>();
  /** In the order of their xids, since that is the order in which they began. */
  readonly #running = new Set<bigint>();
  #nextXid = 1n;
  #nextSeq = 1n;
  #latestCompleted = 0n;

  /** A transaction's first write. */
  begin(): bigint {
    const xid = this.#nextXid++;
    this.#fates.set(xid, "running");
    this.#running.add(xid);
    return xid;
  }

  /** nextval() of the identity: never given back, whatever becomes of the transaction. */
  drawSeq(): bigint {
    return this.#nextSeq++;
  }

  insert(xid: bigint, draft: Draft, seq: bigint = this.drawSeq()): OutboxEvent {
    const event: OutboxEvent = {
      seq,
      xid,
      eventId: draft.eventId,
      tenantId: draft.tenantId,
      dedupeKey: draft.eventId,
      topic: draft.topic,
      key: draft.key,
      headers: draft.headers ?? null,
      payload: draft.payload ?? "{}",
      bytes: draft.bytes,
      createdAt: "2026-01-01T00:00:00.000Z",
      attempts: 0,
    };
    const rows = this.#rows.get(draft.shard) ?? [];
    this.#rows.set(draft.shard, rows);
    let place = rows.length;
    while (place > 0 && rows[place - 1]!.seq > seq) place -= 1;
    rows.splice(place, 0, event);
    return event;
  }

  commit(xid: bigint): void {
    this.#end(xid, "committed");
  }

  rollback(xid: bigint): void {
    this.#end(xid, "rolled-back");
  }

  isRunning(xid: bigint): boolean {
    return this.#running.has(xid);
  }

  runningXids(): bigint[] {
    return [...this.#running];
  }

  /** A write of the relay's own: a transaction that begins and ends at once. */
  assignXid(): bigint {
    const xid = this.begin();
    this.commit(xid);
    return xid;
  }

  snapshot(): Snapshot {
    const xmax = this.#latestCompleted + 1n;
    const inProgress: bigint[] = [];
    for (const xid of this.#running) if (xid < xmax) inProgress.push(xid);
    return { xmin: inProgress[0] ?? xmax, xmax, inProgress };
  }

  /** Committed rows of a shard, in seq order. */
  committed(shard: number): OutboxEvent[] {
    return (this.#rows.get(shard) ?? []).filter((row) => this.#fates.get(row.xid) === "committed");
  }

  /** What read-plain-page.sql and read-window-page.sql answer, with their way of looking for late rows. */
  readPage(shard: number, cursor: Cursor, limits: PageLimits, skim?: Skim): Page<OutboxEvent> {
    const visible = this.committed(shard);
    if (skim === undefined || cursor.form === "window") return pageOf(visible, cursor, this.snapshot(), limits);
    const fresh = visible.filter((row) => row.seq > cursor.position);
    const looked = fresh.slice(0, skim.look);
    const left = looked.filter((row) => !skim.tenants.has(row.tenantId));
    const late = visible.filter((row) => row.seq <= cursor.position);
    const page = pageOf([...late, ...left], cursor, this.snapshot(), limits);
    const isCut = !page.lateComplete || page.fresh.length < left.length || left.length >= limits.events;
    const { tenants } = skim;
    if (isCut) return { ...page, skimmed: { tenants, through: null, isToEnd: false } };
    const isToEnd = fresh.length < skim.look;
    return { ...page, skimmed: { tenants, through: looked.at(-1)?.seq ?? null, isToEnd } };
  }

  /** What read-lane-pages.sql answers for one lane: the same page as a reader with the main cursor's snapshot would get. */
  readLanePage(shard: number, lane: Lane, main: PlainCursor, limits: PageLimits): LanePage<OutboxEvent> {
    const rows = this.committed(shard).filter((row) => matches(lane.filter, row));
    const target = rows.filter((row) => row.seq <= main.position && isVisible(row.xid, main.snapshot));
    const page = pageOf(target, lane.cursor, main.snapshot, limits);
    const isToEnd =
      lane.cursor.form === "plain" &&
      page.lateComplete &&
      page.fresh.length === target.filter((row) => row.seq > lane.cursor.position).length;
    return { ...page, isToEnd };
  }

  /** What due.sql answers for one line, as seen by the snapshot of now. */
  isDue(shard: number, cursor: Cursor): boolean {
    const snapshot = this.snapshot();
    return this.committed(shard).some((row) => row.seq > cursor.position || mayBeLate(row.xid, cursor, snapshot));
  }

  #end(xid: bigint, fate: Fate): void {
    this.#fates.set(xid, fate);
    this.#running.delete(xid);
    if (xid > this.#latestCompleted) this.#latestCompleted = xid;
  }
}

/** The statements' late_xid: a list of S alone would lose transactions that ran above its xmax. */
function mayBeLate(xid: bigint, cursor: Cursor, now: Snapshot): boolean {
  return (
    cursor.snapshot.inProgress.includes(xid) || (xid >= cursor.snapshot.xmax && xid < (cursor.nextXid ?? now.xmax))
  );
}

function pageOf(
  visible: readonly OutboxEvent[],
  cursor: Cursor,
  snapshot: Snapshot,
  limits: PageLimits,
): Page<OutboxEvent> {
  const isWindow = cursor.form === "window";
  const allLate = visible.filter(
    (row) =>
      row.seq <= cursor.position &&
      mayBeLate(row.xid, cursor, snapshot) &&
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
