import { type Page, rowsOf } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { TurnInput } from "@siding/core/lane/lane-turns.js";
import type { Lanes } from "@siding/core/lane/lanes.js";

/** What the main line itself would take of its page: its claim beside the lanes'. */
export interface MainDemand extends Pick<TurnInput["main"], "bytes" | "weight"> {
  readonly events: number;
}

export function demandOf(page: Page<OutboxEvent>, lanes: Lanes, weightOf: (tenantId: string) => number): MainDemand {
  const tenants = new Set<string>();
  let bytes = 0;
  let events = 0;
  for (const row of rowsOf(page)) {
    if (lanes.cover(row) !== undefined) continue;
    bytes += row.bytes;
    events += 1;
    tenants.add(row.tenantId);
  }
  let weight = 0;
  for (const tenantId of tenants) weight += weightOf(tenantId);
  return { bytes, events, weight };
}
