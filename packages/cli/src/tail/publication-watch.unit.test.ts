import type { InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import { expect, test } from "vitest";
import { type Change, PublicationWatch } from "./publication-watch.js";

const event = (seq: number, status: InspectedEvent["status"] = "pending", attempts = 0): InspectedEvent => ({
  eventId: `e${seq}`,
  seq: BigInt(seq),
  shard: 0,
  tenantId: "acme",
  topic: "orders",
  key: null,
  dedupeKey: `e${seq}`,
  createdAt: "2026-01-01T00:00:00.000Z",
  status,
  attempts,
  lastError: null,
  fingerprint: null,
  deadAt: null,
  bytes: 2,
  contentType: null,
});
const told = (changes: readonly Change[]): string[] => changes.map(({ kind, event }) => `${kind} ${event.seq}`);

test("an event is told as enqueued, refused and published, each once", () => {
  const watch = new PublicationWatch(10);
  expect(told(watch.add([event(1)]))).toEqual(["enqueued 1"]);
  const look = (now: InspectedEvent): string[] => told(watch.update(watch.due(10), [now]));
  expect(look(event(1))).toEqual([]);
  expect(look(event(1, "pending", 1))).toEqual(["refused 1"]);
  expect(look(event(1, "pending", 1))).toEqual([]);
  expect(look(event(1, "published", 1))).toEqual(["published 1"]);
  expect(watch.due(10)).toEqual([]);
});

test("what was published before it was seen is told whole, and not watched", () => {
  const watch = new PublicationWatch(10);
  expect(told(watch.add([event(1, "published"), event(2, "dead")]))).toEqual([
    "enqueued 1",
    "published 1",
    "enqueued 2",
    "dead 2",
  ]);
  expect(watch.due(10)).toEqual([]);
});

test("a stuck event keeps no other from its turn", () => {
  const watch = new PublicationWatch(10);
  watch.add([event(1), event(2), event(3)]);
  expect([1, 2, 3, 4].map(() => watch.due(1)[0]!.seq)).toEqual([1n, 2n, 3n, 1n]);
});

test("what retention deleted is forgotten, and what is too much is said", () => {
  const watch = new PublicationWatch(1);
  watch.add([event(1), event(2)]);
  expect(watch.isOverfull).toBe(true);
  expect(watch.update(watch.due(10), [])).toEqual([]);
  expect(watch.due(10)).toEqual([]);
});
