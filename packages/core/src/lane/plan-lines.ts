import { type Cursor, withNextXid } from "../cursor/cursor.js";
import { advance, type Page, rowsOf } from "../cursor/page.js";
import { invariant } from "../invariant.js";
import { intersection, isSameFilter, type Lane, type LaneFilter, type LaneRow, matches } from "./lane.js";
import { type LanePage, narrowed } from "./lane-page.js";
import { Lanes } from "./lanes.js";

/** Why rows of a filter may not move now, and until when. */
export type Hold = Omit<Lane, "cursor">;

/** What is said of a row whose turn has come: null lets it go. Asked once a row, in the order in which rows go. */
export type Judge<Row> = (row: Row) => Hold | null;

export interface LinesInput<Row extends LaneRow> {
  readonly main: Cursor;
  readonly page: Page<Row>;
  readonly lanes: Lanes;
  /** The lanes that are due, each with what it read towards `main`, in the order in which they share the batch. */
  readonly lanePages: readonly (readonly [Lane, LanePage<Row>])[];
  readonly judge: Judge<Row>;
}

export interface LinesPlan<Row> {
  /** What goes, in this order: the lanes' rows, which are older, before the main line's. */
  readonly rows: readonly Row[];
  readonly main: Cursor;
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
  const { main, page, judge } = input;
  invariant(main.form === "plain" || input.lanePages.length === 0, "I6 lanes read towards a plain main cursor");
  const lanes = new Lanes(input.lanes);
  const rows: Row[] = [];
  const caughtUp: Lane[] = [];

  for (const [lane, lanePage] of input.lanePages) {
    const isWhole = walk(lanes, { lane, cursor: lane.cursor, read: laneReader(main) }, lanePage, rows, judge);
    if (isWhole && lanePage.isToEnd) caughtUp.push(lanes.get(lane.filter)!);
  }
  merge(lanes, caughtUp);
  walk(lanes, { lane: undefined, cursor: main, read: advance }, page, rows, judge);

  return {
    rows,
    main: advance(main, page, rowsOf(page).length),
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
}

/** A lane's page has the main cursor's snapshot, so the main cursor's nx bounds what is late to it. */
function laneReader(main: Cursor): typeof advance {
  const { nextXid } = main;
  if (nextXid === null) return advance;
  return (cursor, page, taken) => withNextXid(advance(cursor, page, taken), nextXid);
}

/**
 * Takes what may go of one line's page and splits off what may not. Answers whether the line reached the page's end;
 * the main line always does.
 */
function walk<Row extends LaneRow>(lanes: Lanes, line: Line, page: Page<Row>, rows: Row[], judge: Judge<Row>): boolean {
  const all = rowsOf(page);
  const { lane, cursor, read } = line;
  const own = { tenantId: lane?.filter.tenantId ?? null, topic: lane?.filter.topic ?? null };
  const taken: Row[] = [];
  for (let i = 0; i < all.length; i++) {
    const row = all[i]!;
    // What another line carries is passed over: that line reads it with its own cursor.
    if (!isCarriedBy(lane, lanes, row)) continue;
    const hold = judge(row);
    if (hold === null) {
      rows.push(row);
      taken.push(row);
      continue;
    }
    const filter = intersection(own, hold.filter);
    invariant(filter !== null && matches(filter, row), "I7 a hold covers the row that it holds", { filter });
    if (lane !== undefined && isSameFilter(filter, own)) {
      lanes.set({ ...hold, filter, cursor: read(cursor, page, i) });
      return false;
    }
    split(lanes, line, page, { ...hold, filter }, taken);
  }
  if (lane !== undefined) lanes.set({ ...lane, cursor: read(cursor, page, all.length) });
  return true;
}

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
      const both = { tenantId: filter.tenantId, topic: topicLane.filter.topic };
      if (lanes.get(both) === undefined) lanes.set({ ...topicLane, filter: both });
    }
  }
  lanes.set({ ...hold, cursor });
}

/**
 * Drops the lanes that have read up to the main cursor. A lane goes only where all that it carried falls to a line that
 * stands there too: the main line, or a lane that has caught up as well.
 */
function merge(lanes: Lanes, caughtUp: readonly Lane[]): void {
  const isCaughtUp = (lane: Lane): boolean => caughtUp.some(({ filter }) => isSameFilter(filter, lane.filter));
  const of = (tenant: boolean, topic: boolean): readonly Lane[] =>
    caughtUp.filter(({ filter }) => (filter.tenantId !== null) === tenant && (filter.topic !== null) === topic);
  for (const { filter } of of(false, true)) lanes.delete(filter);
  for (const { filter } of of(true, false)) {
    const { tenantId } = filter;
    const behind = [...lanes.topicLanes].filter(
      (lane) => lanes.get({ tenantId, topic: lane.filter.topic }) === undefined,
    );
    if (behind.length === 0) lanes.delete(filter);
  }
  for (const { filter } of of(true, true)) {
    const parent =
      lanes.get({ tenantId: filter.tenantId, topic: null }) ?? lanes.get({ tenantId: null, topic: filter.topic });
    if (parent === undefined || isCaughtUp(parent)) lanes.delete(filter);
  }
}
