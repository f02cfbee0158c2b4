import type { TextRow } from "./admin-session.js";
import type { EventFilter } from "./event-filter.js";
import type { InspectionSession, ShardPosition } from "./inspection-session.js";
import { type Statement, statement } from "./sql-file.js";

/** Where an event is. */
export interface EventPlace {
  readonly shard: number;
  readonly seq: bigint;
}

interface PlacePage {
  /** Newest first. */
  readonly found: readonly EventPlace[];
  /** Below which seq to go on; null where nothing is left. */
  readonly nextBelow: bigint | null;
}

interface Bounds {
  readonly below: bigint;
  readonly above: bigint;
}

const SQL = {
  seqAt: statement("inspect-seq-at"),
  byShard: statement("inspect-by-shard"),
  dead: statement("inspect-dead"),
  late: statement("inspect-late"),
  recovered: statement("inspect-recovered"),
  waiting: statement("inspect-waiting"),
};

/** Statements that read along one index, all with the same parameters. */
const ALONG = {
  id: statement("inspect-by-id"),
  dedupe: statement("inspect-by-dedupe"),
  key: statement("inspect-by-key"),
  ownKey: statement("inspect-by-own-key"),
  tenant: statement("inspect-by-tenant"),
  topic: statement("inspect-by-topic"),
} as const;

/** How many rows a page looks at: some tens of milliseconds, whatever the filter leaves of them. */
const ROWS_LOOKED_AT = 4_000;
/** The same where each of them is looked up in another table as well. */
const ROWS_LOOKED_UP = 5_000;
/** Two sessions draw seq and created_at a moment apart; and a server's clock may be set back a little. */
const CLOCK_MARGIN_MS = 2_000;
const SHARDS_SEARCHED = 8;

/**
 * A page of the places of events, newest first, by the index that leaves the fewest rows to look at. A status is derived
 * from the cursors (design §1), so it bounds seq first: what is pending lies above a shard's position but for a few late
 * rows, what is published at or below it but for what a recovery found.
 */
export async function readEventPage(
  session: InspectionSession,
  shards: readonly ShardPosition[],
  filter: EventFilter,
  wanted: { readonly below: bigint; readonly limit: number },
): Promise<PlacePage> {
  // One more tells whether there is another page; one more may be the edge, which need not match.
  const answer = wanted.limit + 2;
  const index = indexFor(filter, session.isBound);
  const named = index === ALONG.id || index === ALONG.dedupe;
  const inTime = named ? { below: wanted.below, above: -1n } : await timeBounds(session, shards, filter, wanted.below);
  const bounds = shards.map(({ position }) => (named ? inTime : statusBounds(inTime, position, filter)));
  const { since, until, status, dedupeKey, tenantId, topic, key, eventId } = filter;
  const time = [since, until].map(orNull);
  const rest = [...time, ...[tenantId, topic, key].map(orNull)];
  const lookEach = Math.max(answer, Math.floor(ROWS_LOOKED_UP / shards.length));

  const rows: TextRow[] = [];
  if (index === "dead") {
    rows.push(...(await session.run(SQL.dead, [...lines(shards, bounds), lookEach, answer, ...rest])));
  } else if (index === "shards") {
    const values = [...lines(shards, bounds), lookEach, answer, ...time, orNull(status)];
    rows.push(...(await session.run(SQL.byShard, values)));
  } else {
    const below = bounds.map((each) => each.below).reduce(max);
    const above = bounds.map((each) => each.above).reduce(min);
    const filters = [status, dedupeKey, tenantId, topic, key, eventId].map(orNull);
    const values = [String(below), String(above), ROWS_LOOKED_AT, answer, ...time, ...filters];
    const found = await session.run(index, values);
    const isTooCommon = found.some((row) => row.seq === null);
    rows.push(...(isTooCommon ? await session.run(ALONG.tenant, values) : found));
  }
  if (!named && (status === "pending" || status === "published")) {
    const everywhere = lines(
      shards,
      shards.map(() => inTime),
    );
    if (status === "pending") {
      rows.push(...(await session.run(SQL.late, [...everywhere, answer, ...rest])));
      rows.push(...(await session.run(SQL.waiting, [...everywhere, ROWS_LOOKED_UP, answer, ...rest])));
    } else {
      rows.push(...(await session.run(SQL.recovered, [...everywhere, lookEach, answer, ...rest])));
    }
  }
  return cut(rows, wanted.limit);
}

function indexFor(
  { eventId, dedupeKey, key, status, tenantId, topic }: EventFilter,
  isBound: boolean,
): Statement | "dead" | "shards" {
  if (eventId !== undefined) return ALONG.id;
  if (dedupeKey !== undefined) return ALONG.dedupe;
  // A key is hashed, which is not leakproof: under a policy no index by it is used.
  if (key !== undefined) return isBound ? ALONG.ownKey : ALONG.key;
  if (status === "dead") return "dead";
  if (tenantId !== undefined) return ALONG.tenant;
  return topic === undefined ? "shards" : ALONG.topic;
}

async function timeBounds(
  session: InspectionSession,
  shards: readonly ShardPosition[],
  { since, until }: EventFilter,
  below: bigint,
): Promise<Bounds> {
  if (since === undefined && until === undefined) return { below, above: -1n };
  const searched = shards.slice(0, SHARDS_SEARCHED).map(({ shard }) => shard);
  const [row] = await session.run(SQL.seqAt, [searched, orNull(since), orNull(until), CLOCK_MARGIN_MS]);
  const { from_seq: from, below_seq: end } = row!;
  return { below: end == null ? below : min(below, BigInt(end)), above: from == null ? -1n : BigInt(from) - 1n };
}

function statusBounds({ below, above }: Bounds, position: bigint, { status }: EventFilter): Bounds {
  if (status === "pending") return { below, above: max(above, position) };
  if (status === "published") return { below: min(below, position + 1n), above };
  return { below, above };
}

/** Nothing is known below the highest edge, so what others found there belongs to the next page. */
function cut(rows: readonly TextRow[], limit: number): PlacePage {
  const edges = rows.filter((row) => row.is_edge === "true").map((row) => BigInt(row.seq!));
  const edge = edges.length === 0 ? null : edges.reduce(max);
  const matching = new Map<bigint, EventPlace>();
  for (const row of rows) {
    const seq = BigInt(row.seq!);
    if (row.matches === "true" && (edge === null || seq >= edge)) matching.set(seq, { shard: Number(row.shard), seq });
  }
  const found = [...matching.values()].sort((a, b) => (a.seq > b.seq ? -1 : 1));
  if (found.length > limit) return { found: found.slice(0, limit), nextBelow: found[limit - 1]!.seq };
  return { found, nextBelow: edge };
}

/** One place a shard, as statements by shard take them. */
function lines(shards: readonly ShardPosition[], bounds: readonly Bounds[]): [number[], string[], string[]] {
  return [
    shards.map(({ shard }) => shard),
    bounds.map(({ below }) => String(below)),
    bounds.map(({ above }) => String(above)),
  ];
}

function orNull(value: string | undefined): string | null {
  return value ?? null;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
