import { type Cursor, withNextXid } from "../cursor/cursor.js";
import { advance, type Page, rowsOf } from "../cursor/page.js";
import { invariant } from "../invariant.js";
import {
  intersection,
  isSameFilter,
  type Lane,
  type LaneFilter,
  type LaneRow,
  matches,
  ofTenantAndTopic,
} from "./lane.js";
import { type LanePage, narrowed } from "./lane-page.js";
import { Lanes } from "./lanes.js";

/** Why rows of a filter may not move now, and until when. */
export type Hold = Omit<Lane, "cursor">;

/** The row's line ends here for this batch: it, and all behind it, stays for the next one. */
export const STOP = "stop";

/**
 * What is said of a row whose turn has come: null lets it go. Asked once a row, in the order in which rows go.
 * @param lane the lane that carries the row; undefined: the main line does
 * @param lanes as the batch has made them so far
 */
export type Judge<Row> = (row: Row, lane: Lane | undefined, lanes: Lanes) => Hold | typeof STOP | null;

export interface LinesInput<Row extends LaneRow> {
  readonly main: Cursor;
  readonly page: Page<Row>;
  readonly lanes: Lanes;
  /** The lanes that are due, each with what it read towards `main`, in the order in which they share the batch. */
  readonly lanePages: readonly (readonly [Lane, LanePage<Row>])[];
  readonly judge: Judge<Row>;
  /** Postgres' clock, in ms. */
  readonly nowMs: number;
  /** Lanes that stay although they catch up: what they carry of the page would part from the main line at once. */
  readonly apart?: ReadonlySet<Lane>;
}

export interface LinesPlan<Row> {
  /** What goes, in this order: the lanes' rows, which are older, before the main line's. */
  readonly rows: readonly Row[];
  readonly main: Cursor;
  /** Whether the main line took its page to the end. */
  readonly isWhole: boolean;
  readonly lanes: Lanes;
  /** Lanes that are new or moved, as they will be. */
  readonly changed: readonly Lane[];
  readonly dropped: readonly LaneFilter[];
}

/**
 * One batch of a shard over all of its lines (design §3). Each row goes or is held; a row that is held takes a lane with
 * it, which starts from the line that carried it as that stood, plus what the batch takes of it before the row.
 * A lane that has read up to the main cursor is dropped, and its rows of the main line's page go with the batch.
 */
export function planLines<Row extends LaneRow>(input: LinesInput<Row>): LinesPlan<Row> {
  const { main, page, judge, nowMs } = input;
  invariant(main.form === "plain" || input.lanePages.length === 0, "I6 lanes read towards a plain main cursor");
  const lanes = new Lanes(input.lanes);
  const rows: Row[] = [];
  const caughtUp = new Set<Lane>();

  for (const [lane, lanePage] of input.lanePages) {
    const line = { lane, cursor: lane.cursor, read: laneReader(main, lanePage.isToEnd), nowMs };
    const end = walk(lanes, line, lanePage, rows, judge);
    const isThrough = end === rowsOf(lanePage).length && lanePage.isToEnd;
    if (isThrough && !input.apart?.has(lane)) caughtUp.add(lanes.get(lane.filter)!);
  }
  merge(lanes, caughtUp);
  for (const { filter } of caughtUp) {
    const left = lanes.get(filter);
    if (left !== undefined) lanes.set({ ...left, resumeAtMs: nowMs + UNMERGED_MS });
  }
  const end = walk(lanes, { lane: undefined, cursor: main, read: advance, nowMs }, page, rows, judge);

  return {
    rows,
    main: advance(main, page, end),
    isWhole: end === rowsOf(page).length,
    lanes,
    changed: [...lanes].filter((lane) => input.lanes.get(lane.filter) !== lane),
    dropped: [...input.lanes].filter(({ filter }) => lanes.get(filter) === undefined).map(({ filter }) => filter),
  };
}

/** A line on whose page rows are taken: where it stands, and how its cursor moves. */
interface Line {
  readonly lane: Lane | undefined;
  readonly cursor: Cursor;
  readonly read: typeof advance;
  readonly nowMs: number;
}

/**
 * A lane that was read before its time, or at no time of its own, since what held it is over: what it has left goes on with
 * the next batch.
 */
function atOnce(lane: Lane, nowMs: number): Lane {
  const { reason, resumeAtMs } = lane;
  if (reason === "paused") return { ...lane, reason: "fair-share", detail: RESUMED, resumeAtMs: nowMs };
  return resumeAtMs !== null && resumeAtMs <= nowMs ? lane : { ...lane, resumeAtMs: nowMs };
}

const RESUMED = "resumed: what waited goes on, in order";

/**
 * A lane that has caught up, and stays because the line it would fall to has not, is looked at again after so long: at once it
 * would make batch after batch of nothing.
 */
const UNMERGED_MS = 500;

/**
 * A lane's page has the main cursor's snapshot, so the main cursor's nx bounds what is late to it. One that was taken to its
 * end has dealt with all of its filter that the main cursor has: it stands there too, or it would look through what others
 * have there again and again.
 */
function laneReader(main: Cursor, isToEnd: boolean): typeof advance {
  const { nextXid } = main;
  return (cursor, page, taken) => {
    const next = advance(cursor, page, taken);
    const isThrough = isToEnd && taken === rowsOf(page).length && next.form === "plain";
    const reached = isThrough && next.position < main.position ? { ...next, position: main.position } : next;
    return nextXid === null ? reached : withNextXid(reached, nextXid);
  };
}

/**
 * Takes what may go of one line's page and splits off what may not. Answers how many of the page's rows were dealt with:
 * all of them, unless the whole line is held or was stopped.
 */
function walk<Row extends LaneRow>(lanes: Lanes, line: Line, page: Page<Row>, rows: Row[], judge: Judge<Row>): number {
  const all = rowsOf(page);
  const { lane, cursor, read } = line;
  const own = lane?.filter ?? EVERYTHING;
  const taken: Row[] = [];
  let end = 0;
  for (; end < all.length; end++) {
    const row = all[end]!;
    // What another line carries is passed over: that line reads it with its own cursor.
    if (!isCarriedBy(lane, lanes, row)) continue;
    const hold = judge(row, lane, lanes);
    if (hold === null) {
      rows.push(row);
      taken.push(row);
      continue;
    }
    if (hold === STOP) break;
    const filter = intersection(own, hold.filter);
    invariant(filter !== null && matches(filter, row), "I7 a hold covers the row that it holds", { filter });
    if (lane !== undefined && isSameFilter(filter, own)) {
      lanes.set({ ...hold, filter, cursor: read(cursor, page, end) });
      return end;
    }
    split(lanes, line, page, { ...hold, filter }, taken);
  }
  // A page without rows moves a lane's snapshot on as well; one that was stopped at its first row moves nothing.
  if (lane !== undefined && (end > 0 || all.length === 0)) {
    lanes.set({ ...atOnce(lane, line.nowMs), cursor: read(cursor, page, end) });
  }
  return end;
}

const EVERYTHING: LaneFilter = { tenantId: null, topic: null, key: null, seq: null };

function isCarriedBy(lane: Lane | undefined, lanes: Lanes, row: LaneRow): boolean {
  const cover = lanes.cover(row);
  if (lane === undefined || cover === undefined) return lane === cover;
  return isSameFilter(cover.filter, lane.filter);
}

/** Makes the lane of a hold, out of the line whose page is being taken. */
function split<Row extends LaneRow>(
  lanes: Lanes,
  line: Line,
  page: Page<Row>,
  hold: Hold,
  taken: readonly Row[],
): void {
  const { filter } = hold;
  const isOwn = (row: Row): boolean => matches(filter, row) && isCarriedBy(line.lane, lanes, row);
  const cursor = line.read(line.cursor, narrowed(page, isOwn), taken.filter(isOwn).length);
  // A tenant's lane is narrower than a topic's: what the topic's lane carried of the tenant keeps the topic's cursor.
  if (filter.topic === null) {
    for (const topicLane of lanes.topicLanes) {
      const both = ofTenantAndTopic({ tenantId: filter.tenantId!, topic: topicLane.filter.topic! });
      if (lanes.get(both) === undefined) lanes.set({ ...topicLane, filter: both });
    }
  }
  lanes.set({ ...hold, cursor });
}

/**
 * Drops the lanes that have read up to the main cursor. A lane goes only where all that it carried falls to a line that
 * stands there too: the main line, or a lane that has caught up as well.
 */
function merge(lanes: Lanes, caughtUp: ReadonlySet<Lane>): void {
  const standsThere = (line: Lane | undefined): boolean => line === undefined || caughtUp.has(line);
  // Broad ones first, so that each finds the parent that it has when the batch is through.
  const byBreadth = [...caughtUp].sort((a, b) => breadth(b.filter) - breadth(a.filter));
  for (const { filter } of byBreadth) {
    const { tenantId, topic } = filter;
    // What a tenant's lane carries falls to its topics' lanes where there are any.
    const heirs = tenantId !== null && topic === null ? topicHeirs(lanes, tenantId) : [lanes.parent(filter)];
    if (heirs.every(standsThere)) lanes.delete(filter);
  }
}

function topicHeirs(lanes: Lanes, tenantId: string): readonly Lane[] {
  return [...lanes.topicLanes].filter(
    (lane) => lanes.get(ofTenantAndTopic({ tenantId, topic: lane.filter.topic! })) === undefined,
  );
}

function breadth({ tenantId, topic, key, seq }: LaneFilter): number {
  if (tenantId === null) return 3;
  if (topic === null) return 2;
  return key === null && seq === null ? 1 : 0;
}
