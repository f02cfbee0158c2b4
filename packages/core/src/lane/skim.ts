import { isFilled, type Page, type PageLimits, rowsOf } from "../cursor/page.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { Lanes } from "./lanes.js";

/** So much of a page at most is the main line's own where it leaves out the rest of the next. */
const OWN_PART_MAX = 1 / 8;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * The tenants whose rows the main line's next page leaves out. Where a page comes to its limits and lanes carry almost all
 * of it, more of the same lies behind it: read row by row it would keep whoever waits behind it waiting, and keep the lanes
 * of heavy tenants short, since a lane reads only what the main cursor has passed (design §3).
 * @param limits those that the page was read with
 */
export function tenantsToSkim(page: Page<OutboxEvent>, lanes: Lanes, limits: PageLimits): ReadonlySet<string> {
  if (!isFilled(page, limits)) return NOBODY;
  const tenants = new Set(page.skimmed?.tenants);
  let events = 0;
  let bytes = 0;
  for (const row of rowsOf(page)) {
    if (lanes.whole(row.tenantId) !== undefined) tenants.add(row.tenantId);
    else {
      events += 1;
      bytes += row.bytes;
    }
  }
  return events <= limits.events * OWN_PART_MAX && bytes <= limits.bytes * OWN_PART_MAX ? tenants : NOBODY;
}
