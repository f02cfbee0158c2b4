import type { TopicTally } from "@siding/core/verify/tally.js";
import type { VerifyReport } from "./verify-report.js";

/** `siding verify -o json`. Names are public and only added to; checksums are 16 hexadecimal digits. */
export function renderVerifyJson(report: VerifyReport): string {
  const document = {
    complete: report.isComplete,
    since: report.since,
    until: report.until,
    events: report.events,
    scanned_records: report.scannedRecords,
    other_records: report.otherRecords,
    shards: report.shards.map(({ shard, recordedSince, haltedReason }) => {
      return { shard, recorded_since: recordedSince, halted_reason: haltedReason };
    }),
    sums: report.sums.map(({ shard, topic, recorded, log, kafka, partitions, agrees }) => ({
      shard,
      topic,
      agrees,
      recorded: tally(recorded),
      log: tally(log),
      kafka: tally(kafka),
      partitions: partitions.map((part) => ({ partition: part.partition, ...tally(part) })),
    })),
    faults: report.faults,
    allowed: report.allowed,
    named: report.named.map(({ fault, eventId, tenantId, topic, key, shard, seq, createdAt, places }) => ({
      fault,
      event_id: eventId,
      tenant_id: tenantId,
      topic,
      key,
      shard,
      seq: seq === null ? null : String(seq),
      created_at: createdAt,
      places: places.map((place) => ({ ...place, offset: String(place.offset) })),
    })),
    notes: report.notes,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function tally({ events, checksum }: TopicTally): { events: number; checksum: string } {
  return { events, checksum: hex(checksum) };
}

export function hex(checksum: bigint): string {
  return checksum.toString(16).padStart(16, "0");
}
