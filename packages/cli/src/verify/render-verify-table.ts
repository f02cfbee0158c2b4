import type { Fault } from "@siding/core/verify/census.js";
import type { TopicTally } from "@siding/core/verify/tally.js";
import { createColors } from "picocolors";
import { plural } from "../plural.js";
import { type Column, printable, renderTable } from "../status/plain-table.js";
import { hex } from "./render-verify-json.js";
import type { ComparedSum, NamedFault, VerifyReport } from "./verify-report.js";

export interface TableOptions {
  /** Columns of the terminal; undefined on a pipe. */
  readonly width: number | undefined;
  readonly color: boolean;
}

const MEANINGS: Readonly<Record<Fault, string>> = {
  missing: "published by Postgres' word, and not in Kafka",
  doubled: "in Kafka more often than published",
  misplaced: "in another topic than its own",
  unpublished: "in Kafka, and pending or dead in Postgres",
  foreign: "in Kafka under this deployment's name, and not in Postgres",
};

const SUMS: readonly Column[] = [
  { title: "shard", align: "right" },
  { title: "topic", isElastic: true },
  { title: "recorded", align: "right" },
  { title: "in the log", align: "right" },
  { title: "in Kafka", align: "right" },
  { title: "checksums" },
];

const FAULTS: readonly Column[] = [
  { title: "fault" },
  { title: "event" },
  { title: "tenant", isElastic: true },
  { title: "topic", isElastic: true },
  { title: "shard/seq", align: "right" },
  { title: "created" },
  { title: "in Kafka at", isElastic: true },
];

/** `siding verify`: the verdict first, then the sums, then each event with which something is wrong. */
export function renderVerifyTable(report: VerifyReport, { width, color }: TableOptions): string {
  const { red, green, yellow, dim } = createColors(color);
  const range = report.since === null ? `until ${report.until}` : `${report.since} to ${report.until}`;
  const verdict = report.isComplete
    ? green(`complete: ${plural(report.events, "published event")}, each of them in Kafka (${range})`)
    : red(`NOT complete: of ${plural(report.events, "published event")} (${range})`);
  const lines = [verdict];
  for (const fault of Object.keys(MEANINGS) as Fault[]) {
    if (report.faults[fault] === 0) continue;
    const isAllowed = report.allowed.includes(fault);
    const text = `${fault}: ${report.faults[fault]}, ${MEANINGS[fault]}${isAllowed ? "; at-least-once allows it" : ""}`;
    lines.push(isAllowed ? yellow(text) : red(text));
  }
  for (const { shard, topic, agrees } of report.sums) {
    if (!agrees) lines.push(red(printable(`shard ${shard}, topic ${topic}: the three sums differ`)));
  }
  for (const { shard, haltedReason } of report.shards) {
    if (haltedReason !== null) lines.push(yellow(printable(`shard ${shard} is halted: ${haltedReason}`)));
  }
  lines.push(...report.notes.map((note) => yellow(printable(note))), ...recordOf(report).map((line) => dim(line)));
  lines.push(dim(`read ${plural(report.scannedRecords, "record")} in Kafka${others(report)}`));
  const parts = [`${lines.join("\n")}\n`];
  if (report.sums.length > 0) parts.push(renderTable(SUMS, report.sums.map(sumRow), width, color));
  if (report.named.length > 0) parts.push(renderTable(FAULTS, report.named.map(faultRow), width, color));
  const total = Object.values(report.faults).reduce((sum, each) => sum + each, 0);
  if (total > report.named.length) parts.push(`and ${total - report.named.length} more\n`);
  return parts.join("\n");
}

function recordOf({ shards }: VerifyReport): string[] {
  const bare = shards.filter(({ recordedSince }) => recordedSince === null).map(({ shard }) => shard);
  if (bare.length === 0) return [];
  return [`shard ${bare.join(", ")}: no record leads up to its cursor, so the log alone was held against Kafka`];
}

function others({ otherRecords }: VerifyReport): string {
  return otherRecords === 0 ? "" : `, ${otherRecords} of them with event ids of other producers`;
}

function sumRow({ shard, topic, recorded, log, kafka, agrees }: ComparedSum): string[] {
  const sums = agrees ? `${hex(log.checksum)}, all three` : [recorded, log, kafka].map(checksum).join(" ");
  return [String(shard), topic, String(recorded.events), String(log.events), String(kafka.events), sums];
}

function checksum(tally: TopicTally): string {
  return hex(tally.checksum);
}

function faultRow({ fault, eventId, tenantId, topic, shard, seq, createdAt, places }: NamedFault): string[] {
  const where = places.map((place) => `${place.topic}/${place.partition}@${place.offset}`).join(" ");
  const row = shard === null ? "-" : `${shard}/${seq}`;
  return [fault, eventId, tenantId ?? "-", topic, row, createdAt ?? "-", where === "" ? "-" : where];
}
