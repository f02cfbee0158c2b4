import { isDeepStrictEqual } from "node:util";
import type { ArrivedRecord, ExpectedEvent } from "./expected-event.js";

/** Written down here once more on purpose: a checker that asked the relay for the list would believe whatever it says. */
const SIDING_HEADERS = [
  ...["tenant-id", "dedupe-key", "event-id", "event-topic", "event-created-at", "retry-count", "processing-attempt"],
  ...["x-timestamp-ms", "x-schema-version", "x-producer-id"],
];
const RFC3339_UTC_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * What of a record is not as promised; empty when all of it is.
 * @param deployment names the producer in x-producer-id
 */
export function inspectRecord(record: ArrivedRecord, expected: ExpectedEvent, deployment: string): string[] {
  const dedupeKey = expected.dedupeKey ?? expected.eventId;
  const faults: string[] = [];
  const same = (what: string, got: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(got, wanted))
      faults.push(`${what} is ${JSON.stringify(got)} and not ${JSON.stringify(wanted)}`);
  };
  same("the topic", record.topic, expected.topic);
  same("the key", record.key, expected.key ?? `${expected.tenantId}:${dedupeKey}`);
  same("the payload", parsed(record.value), expected.payload);

  const names = record.headers.map(([name]) => name);
  same("the list of Siding's headers", names.slice(0, SIDING_HEADERS.length), SIDING_HEADERS);
  const own = record.headers.slice(SIDING_HEADERS.length);
  same("the list of the event's own headers", Object.fromEntries(own), { ...expected.headers });
  if (new Set(names).size < names.length) faults.push("a header is there twice");

  const header = Object.fromEntries(record.headers);
  same("tenant-id", header["tenant-id"], expected.tenantId);
  same("dedupe-key", header["dedupe-key"], dedupeKey);
  same("event-id", header["event-id"], expected.eventId);
  same("event-topic", header["event-topic"], expected.topic);
  const createdAt = header["event-created-at"] ?? "";
  if (!RFC3339_UTC_MS.test(createdAt)) faults.push(`event-created-at is ${JSON.stringify(createdAt)}`);
  same("x-timestamp-ms", header["x-timestamp-ms"], String(Date.parse(createdAt)));
  same("processing-attempt", header["processing-attempt"], String(Number(header["retry-count"]) + 1));
  if (!/^\d+$/.test(header["x-schema-version"] ?? "")) faults.push("x-schema-version is not a number");
  if (!header["x-producer-id"]?.startsWith(`siding-${deployment}-`)) {
    faults.push(`x-producer-id is ${JSON.stringify(header["x-producer-id"])}`);
  }
  return faults;
}

/** JSON where it is JSON, else the text, which then differs from whatever was expected. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
