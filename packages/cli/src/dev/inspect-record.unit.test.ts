import { expect, test } from "vitest";
import type { ArrivedRecord, ExpectedEvent } from "./expected-event.js";
import { inspectRecord } from "./inspect-record.js";

const EXPECTED: ExpectedEvent = {
  eventId: "0198f6a0-0000-7000-8000-000000000001",
  tenantId: "acme",
  topic: "orders",
  key: null,
  dedupeKey: "order-1/7",
  version: null,
  payload: { note: "grün" },
  headers: { traceparent: "00-aa-bb-01" },
};

const HEADERS: readonly (readonly [string, string])[] = [
  ["tenant-id", "acme"],
  ["dedupe-key", "order-1/7"],
  ["event-id", EXPECTED.eventId],
  ["event-topic", "orders"],
  ["event-created-at", "2026-11-23T20:00:00.000Z"],
  ["retry-count", "0"],
  ["processing-attempt", "1"],
  ["x-timestamp-ms", "1795464000000"],
  ["x-schema-version", "1"],
  ["x-producer-id", "siding-default-0"],
  ["traceparent", "00-aa-bb-01"],
];

const RECORD: ArrivedRecord = { topic: "orders", key: "acme:order-1/7", value: '{"note": "grün"}', headers: HEADERS };

function faultsOf(changes: Partial<ArrivedRecord>, expected: Partial<ExpectedEvent> = {}): string[] {
  return inspectRecord({ ...RECORD, ...changes }, { ...EXPECTED, ...expected }, "default");
}

function withHeader(name: string, value: string): Partial<ArrivedRecord> {
  return { headers: HEADERS.map(([each, old]) => [each, each === name ? value : old] as const) };
}

test("a record as promised has no fault", () => {
  expect(faultsOf({})).toEqual([]);
});

test("the key is the one given, else the tenant with the dedupe key, else with the event's id", () => {
  expect(faultsOf({ key: "order-1" }, { key: "order-1" })).toEqual([]);
  expect(faultsOf({ key: "acme:other" })).toHaveLength(1);
  const { eventId } = EXPECTED;
  const plain = { ...withHeader("dedupe-key", eventId), key: `acme:${eventId}` };
  expect(faultsOf(plain, { dedupeKey: null })).toEqual([]);
});

test.each([
  ["tenant-id", "globex"],
  ["dedupe-key", "order-1/8"],
  ["event-topic", "payments"],
  ["event-created-at", "2026-11-23 20:00:00+00"],
  ["x-timestamp-ms", "1795464000"],
  ["retry-count", "1"],
  ["x-schema-version", ""],
  ["x-producer-id", "siding-other-0"],
  ["traceparent", "00-cc-dd-01"],
])("a wrong %s is a fault", (name, value) => {
  expect(faultsOf(withHeader(name, value)).join()).toContain(name === "retry-count" ? "processing-attempt" : name);
});

test("a header missing, doubled or in front of Siding's own is a fault", () => {
  expect(faultsOf({ headers: HEADERS.slice(0, -1) })).toHaveLength(1);
  expect(faultsOf({ headers: [...HEADERS, HEADERS.at(-1)!] })).toEqual(["a header is there twice"]);
  expect(faultsOf({ headers: [HEADERS.at(-1)!, ...HEADERS.slice(0, -1)] })).not.toEqual([]);
});

test("another payload is a fault, also one that is no JSON", () => {
  expect(faultsOf({ value: '{"note": "gr?n"}' })).toHaveLength(1);
  expect(faultsOf({ value: "\u0000" })).toHaveLength(1);
});
