import { expect, test } from "vitest";
import type { Page } from "../cursor/page.js";
import { parseSnapshot } from "../cursor/snapshot.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import { type Lane, ofTenant, ofTenantAndTopic } from "./lane.js";
import { Lanes } from "./lanes.js";
import { tenantsToSkim } from "./skim.js";

const LIMITS = { events: 16, bytes: 1_600 };
const laneOf = (filter: Lane["filter"]): Lane => ({
  filter,
  reason: "fair-share",
  detail: "",
  resumeAtMs: 0,
  probes: 0,
  cursor: { form: "plain", position: 0n, snapshot: parseSnapshot("1:1:"), nextXid: null },
});
const LANES = new Lanes([
  laneOf(ofTenant("a")),
  laneOf(ofTenant("b")),
  laneOf(ofTenantAndTopic({ tenantId: "c", topic: "t" })),
]);

function pageOf(tenants: string, skimmed?: Page["skimmed"]): Page<OutboxEvent> {
  const fresh = [...tenants].map(
    (tenantId, index) =>
      ({ seq: BigInt(index + 1), xid: 5n, tenantId, topic: "t", key: null, bytes: 10 }) as OutboxEvent,
  );
  return { snapshot: parseSnapshot("9:9:"), late: [], lateComplete: true, fresh, ...(skimmed && { skimmed }) };
}
const skimmed = (page: Page<OutboxEvent>): string => [...tenantsToSkim(page, LANES, LIMITS)].sort().join("");

test.each([
  ["a page that was not cut", "aaaaaaaaaaaaaaa", ""],
  ["a page that lanes carry almost whole", "aaaaaaabbbbbbbxx", "ab"],
  ["a page of which more than a part is the main line's own", "aaaaaaabbbbbbxxx", ""],
  ["a page of which a lane carries one topic alone", "cccccccccccccccc", ""],
])("what %s leaves out of the next", (_, tenants, next) => {
  expect(skimmed(pageOf(tenants))).toBe(next);
});

test("it goes on until the log's end, or until the page is the main line's own", () => {
  const tenants = new Set(["a"]);
  expect(skimmed(pageOf("xb", { tenants, through: 900n, isToEnd: false }))).toBe("ab");
  expect(skimmed(pageOf("", { tenants, through: 900n, isToEnd: false }))).toBe("a");
  expect(skimmed(pageOf("x", { tenants, through: 900n, isToEnd: true }))).toBe("");
  expect(skimmed(pageOf("xxx", { tenants, through: null, isToEnd: false }))).toBe("");
});
