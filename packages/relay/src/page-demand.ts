import { type Page, type PageLimits, rowsOf } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Lane } from "@siding/core/lane/lane.js";
import type { TurnInput } from "@siding/core/lane/lane-turns.js";
import type { Lanes } from "@siding/core/lane/lanes.js";

/** The main line looks ahead for its lanes only where no more of its page than this is its own: the rest would be read in vain. */
const OWN_PART_MAX = 1 / 8;

/** What of the main line's page its lanes carry. */
export interface Carried {
  /** The bytes of each fair-share lane. */
  readonly bytes: ReadonlyMap<Lane, number>;
  /** Whether the page was cut at its limit, and almost all of it is carried. */
  readonly isMost: boolean;
}

export const NOTHING_CARRIED: Carried = { bytes: new Map(), isMost: false };

/** What the main line itself would take of its page: its claim beside the lanes'. */
export interface MainDemand extends Pick<TurnInput["main"], "bytes" | "weight"> {
  readonly events: number;
}

/** @param limits a batch's */
export function demandOf(
  page: Page<OutboxEvent>,
  lanes: Lanes,
  weightOf: (tenantId: string) => number,
  limits: PageLimits,
): { readonly demand: MainDemand; readonly carried: Carried } {
  const rows = rowsOf(page);
  const tenants = new Set<string>();
  const ofLanes = new Map<Lane, number>();
  let bytes = 0;
  let events = 0;
  let bytesOfAll = 0;
  for (const row of rows) {
    bytesOfAll += row.bytes;
    const lane = lanes.cover(row);
    if (lane !== undefined) {
      if (lane.reason === "fair-share") ofLanes.set(lane, (ofLanes.get(lane) ?? 0) + row.bytes);
      continue;
    }
    bytes += row.bytes;
    events += 1;
    tenants.add(row.tenantId);
  }
  let weight = 0;
  for (const tenantId of tenants) weight += weightOf(tenantId);
  const isCut = rows.length >= limits.events || bytesOfAll >= limits.bytes;
  const isMost = isCut && events <= rows.length * OWN_PART_MAX;
  return { demand: { bytes, events, weight }, carried: { bytes: ofLanes, isMost } };
}
