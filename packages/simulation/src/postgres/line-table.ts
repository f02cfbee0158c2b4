import { withNextXid } from "@siding/core/cursor/cursor.js";
import type { Lane, LaneFilter } from "@siding/core/lane/lane.js";
import { nameOf } from "@siding/core/lane/lane-turns.js";
import type { LinesChange, LinesRecord } from "@siding/core/ports/store.js";
import type { QuotaState } from "@siding/core/quota/quota.js";

interface LaneRow {
  readonly batch: bigint;
  readonly filter: LaneFilter;
  /** Null: the batch drops the lane. */
  readonly lane: Lane | null;
}

interface QuotaRow {
  readonly batch: bigint;
  readonly states: ReadonlyMap<string, QuotaState>;
  readonly judgedNs: bigint;
  readonly isWhole: boolean;
}

/** siding.lane and siding.quota_use of one shard. */
export class LineTable {
  #lanes: LaneRow[] = [];
  #quotas: QuotaRow[] = [];

  /** siding.lay_lines */
  lay(batch: bigint, { changed, dropped, quotas }: LinesChange, xid: bigint): void {
    const rows: LaneRow[] = [
      ...changed.map((lane) => ({
        batch,
        filter: lane.filter,
        lane: { ...lane, cursor: withNextXid(lane.cursor, xid) },
      })),
      ...dropped.map((filter) => ({ batch, filter, lane: null })),
    ];
    const named = new Set(rows.map(({ filter }) => nameOf(filter)));
    this.#lanes = this.#lanes.filter((row) => row.batch !== batch || !named.has(nameOf(row.filter)));
    this.#lanes.push(...rows);
    if (quotas === null) return;
    this.#quotas = this.#quotas.filter((row) => row.batch !== batch);
    this.#quotas.push({ batch, ...quotas });
  }

  /** siding.promote_lines */
  promote(batch: bigint): void {
    const made = new Map(this.#lanes.filter((row) => row.batch === batch).map((row) => [nameOf(row.filter), row]));
    this.#lanes = this.#lanes.filter((row) => {
      const by = made.get(nameOf(row.filter));
      return by === undefined || row.batch > batch || (row.batch === batch && by.lane !== null);
    });
    const isWhole = this.#quotas.some((row) => row.batch === batch && row.isWhole);
    if (isWhole) this.#quotas = this.#quotas.filter((row) => row.batch >= batch);
  }

  /** discard.sql */
  discard(batch: bigint): void {
    this.#lanes = this.#lanes.filter((row) => row.batch !== batch);
    this.#quotas = this.#quotas.filter((row) => row.batch !== batch);
  }

  /** read-lanes.sql and read-quotas.sql */
  standing(promotedBatch: bigint, promotedNs: bigint): Omit<LinesRecord, "discarded"> {
    const lanes = this.#lanes.filter((row) => row.batch <= promotedBatch).flatMap(({ lane }) => lane ?? []);
    const rows = this.#quotas.filter((row) => row.batch <= promotedBatch).sort((a, b) => (a.batch < b.batch ? -1 : 1));
    const first = rows.findLastIndex(({ isWhole }) => isWhole);
    const quotas = new Map<string, QuotaState>();
    for (const { batch, states, judgedNs } of rows.slice(Math.max(0, first))) {
      const added = batch === promotedBatch && promotedNs > judgedNs ? promotedNs - judgedNs : 0n;
      for (const [tenantId, { events, bytes }] of states) {
        quotas.set(tenantId, { events: events + added, bytes: bytes + added });
      }
    }
    return { lanes, quotas };
  }
}
