import type { LogPlace } from "../cursor/cursor.js";
import type { Page } from "../cursor/page.js";

/**
 * What a lane reads next: rows of its filter that the main cursor has consumed and the lane has not. Its snapshot is the
 * main cursor's and not the reader's own, so a lane never runs ahead of the main line (design §3).
 */
export interface LanePage<Row extends LogPlace = LogPlace> extends Page<Row> {
  /** Whether nothing is left between the page's end and the main cursor. A window's end is none: rows may follow it. */
  readonly isToEnd: boolean;
}

/** The part of a page that a narrower line would have read in its place. Its lists are as complete as the page's. */
export function narrowed<Row extends LogPlace>(page: Page<Row>, isCarried: (row: Row) => boolean): Page<Row> {
  return { ...page, late: page.late.filter(isCarried), fresh: page.fresh.filter(isCarried) };
}
