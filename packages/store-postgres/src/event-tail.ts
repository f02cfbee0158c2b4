import { type Cursor, type LogPlace, withNextXid } from "@siding/core/cursor/cursor.js";
import { advance, type Page, rowsOf } from "@siding/core/cursor/page.js";
import { formatSnapshot, parseSnapshot } from "@siding/core/cursor/snapshot.js";
import type { TextRow } from "./admin-session.js";
import { checkFilter } from "./event-filter.js";
import { type InspectedEvent, inspectedEvent, newestFirst } from "./event-inspection.js";
import type { EventPlace } from "./event-page.js";
import { InspectionSession } from "./inspection-session.js";
import { statement } from "./sql-file.js";

export interface TailOptions {
  readonly databaseUrl: string;
  readonly tenantId?: string | undefined;
  readonly topic?: string | undefined;
  /** Begin with what was created then, RFC 3339; left out: with what comes from now on. */
  readonly since?: string | undefined;
  /** Rows in one page; for tests. */
  readonly pageMax?: number;
}

export interface TailPage {
  /** In the order in which they were enqueued, but for late commits, which come when they are seen. */
  readonly events: readonly InspectedEvent[];
  /** Nothing more was there at this moment. */
  readonly isAtEnd: boolean;
}

interface TailRow extends LogPlace {
  readonly shard: number;
  readonly tenantId: string;
  readonly topic: string;
}

const SQL = {
  start: statement("tail-start"),
  seqAt: statement("inspect-seq-at"),
  page: statement("tail-page"),
  windowPage: statement("tail-window-page"),
  nextXid: statement("tail-next-xid"),
  details: statement("inspect-details"),
};

const PAGE_MAX = 1_000;
const STATEMENT_TIMEOUT_MS = 5_000;
/** See event-page.ts. */
const CLOCK_MARGIN_MS = 2_000;
const SHARDS_SEARCHED = 8;
/** Each transaction since the last page is looked up in each shard: beyond so many it pays to bound them. */
const XIDS_UNBOUNDED = 256n;

/**
 * Follows the log by snapshot (design §2), so that a transaction that commits late is not missed: on a connection of its
 * own, a page at a time, in the role siding_admin.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_USAGE from every method
 */
export class EventTail {
  readonly #session: InspectionSession;
  readonly #shards: readonly number[];
  readonly #options: TailOptions;
  readonly #pageMax: number;
  #cursor: Cursor;

  private constructor(session: InspectionSession, shards: readonly number[], options: TailOptions, cursor: Cursor) {
    this.#session = session;
    this.#shards = shards;
    this.#options = options;
    this.#pageMax = options.pageMax ?? PAGE_MAX;
    this.#cursor = cursor;
  }

  static async open(options: TailOptions): Promise<EventTail> {
    const { databaseUrl, tenantId, topic, since } = options;
    checkFilter({ tenantId, topic, since });
    const session = await InspectionSession.open({ databaseUrl, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
    try {
      const shards = (await session.shards(tenantId)).map(({ shard }) => shard);
      return new EventTail(session, shards, options, await startOf(session, shards, since));
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** What was enqueued since the last call. */
  async next(): Promise<TailPage> {
    const cursor = this.#cursor;
    const page = await this.#read(cursor);
    const rows = rowsOf(page);
    const advanced = advance(cursor, page, rows.length);
    const isBusy = page.snapshot.xmax - cursor.snapshot.xmax > XIDS_UNBOUNDED;
    this.#cursor = isBusy ? withNextXid(advanced, await this.#nextXid()) : advanced;
    const { tenantId, topic } = this.#options;
    const wanted = rows.filter(
      (row) => (tenantId === undefined || row.tenantId === tenantId) && (topic === undefined || row.topic === topic),
    );
    const events = (await this.look(wanted)).toReversed();
    // A page in window form reads late rows alone: what is fresh has not been looked at.
    const isWhole = cursor.form === "plain" && advanced.form === "plain";
    return { events, isAtEnd: isWhole && rows.length < this.#pageMax };
  }

  /** These events as they are now, newest first, without those that retention has deleted. */
  async look(places: readonly EventPlace[]): Promise<InspectedEvent[]> {
    if (places.length === 0) return [];
    const pairs = [places.map(({ shard }) => shard), places.map(({ seq }) => String(seq))];
    return (await this.#session.run(SQL.details, pairs)).map(inspectedEvent).sort(newestFirst);
  }

  async #read(cursor: Cursor): Promise<Page<TailRow>> {
    const { position, snapshot, nextXid } = cursor;
    const xids = snapshot.inProgress.map(String);
    const nx = nextXid === null ? null : String(nextXid);
    const values = [this.#shards, this.#pageMax, String(position), xids, String(snapshot.xmax), nx];
    if (cursor.form === "plain") return parsePage(await this.#session.run(SQL.page, values), this.#pageMax);
    const window = [String(cursor.windowPosition), formatSnapshot(cursor.windowSnapshot)];
    return parsePage(await this.#session.run(SQL.windowPage, [...values, ...window]), this.#pageMax);
  }

  async #nextXid(): Promise<bigint> {
    const [row] = await this.#session.run(SQL.nextXid, []);
    return BigInt(row!.xid!);
  }
}

async function startOf(session: InspectionSession, shards: readonly number[], since?: string): Promise<Cursor> {
  const [start] = await session.run(SQL.start, [shards]);
  let position = BigInt(start!.position!);
  if (since !== undefined) {
    const values = [shards.slice(0, SHARDS_SEARCHED), since, null, CLOCK_MARGIN_MS];
    const [found] = await session.run(SQL.seqAt, values);
    position = found!.from_seq == null ? 0n : BigInt(found!.from_seq) - 1n;
  }
  return { form: "plain", position, snapshot: parseSnapshot(start!.snapshot!), nextXid: null };
}

function parsePage(rows: readonly TextRow[], limit: number): Page<TailRow> {
  const [head, ...rest] = rows;
  const late: TailRow[] = [];
  const fresh: TailRow[] = [];
  for (const row of rest) {
    if (row.late === "1") late.push(tailRow(row));
    else if (late.length + fresh.length < limit) fresh.push(tailRow(row));
  }
  return { snapshot: parseSnapshot(head!.xid!), late, lateComplete: Number(head!.late) < limit, fresh };
}

function tailRow(row: TextRow): TailRow {
  return {
    seq: BigInt(row.seq!),
    xid: BigInt(row.xid!),
    shard: Number(row.shard),
    tenantId: row.tenant_id!,
    topic: row.topic!,
  };
}
