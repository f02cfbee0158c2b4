import type {
  BacklogStatus,
  LaneStatus,
  LanesStatus,
  ShardStatus,
  StatusReport,
} from "@siding/store-postgres/read-status.js";
import { createColors } from "picocolors";
import { formatAge } from "./format-age.js";
import { type Column, printable, renderTable } from "./plain-table.js";

export interface TableOptions {
  /** Columns of the terminal; undefined on a pipe. */
  readonly width: number | undefined;
  readonly color: boolean;
}

/** `siding status`: what needs somebody first and in full, then the tables. */
export function renderStatusTable(report: StatusReport, { width, color }: TableOptions): string {
  const { red, yellow, dim } = createColors(color);
  const alarms = alarmsOf(report).map((line) => red(line));
  const notes = waitsOf(report).map((line) => yellow(line));
  const { deployment } = report;
  const name = deployment.name ?? "(no relay has run yet)";
  const where = `deployment ${name} at ${report.server}, schema version ${deployment.schemaVersion}, ${deployment.shards} shards`;
  const head = [...alarms, ...notes, dim(where), ...countsOf(report)].join("\n");
  const tables = [relayTable(report, { width, color }), shardTable(report, { width, color })];
  if (report.backlog !== null && report.backlog.largest.length > 0) {
    tables.push(backlogTable(report.backlog, { width, color }));
  }
  if (report.lanes.first.length > 0) tables.push(laneTable(report.lanes, { width, color }));
  return [`${head}\n`, ...tables.filter((table) => table !== "")].join("\n");
}

function alarmsOf({ relays, shards, backlog }: StatusReport): string[] {
  const alarms: string[] = [];
  if (!relays.some((relay) => relay.isAlive)) {
    const isIdle = backlog !== null && backlog.pending === 0n;
    const waiting = backlog === null ? "events" : plural(backlog.pending, "event");
    alarms.push(isIdle ? "no relay is running" : `no relay is running: ${waiting} wait until one does`);
  }
  return [...alarms, ...grouped(shards, (shard) => shard.haltedReason, "halted:")];
}

function waitsOf({ shards }: StatusReport): string[] {
  // What a free shard waited for when it was let go says nothing of now.
  return grouped(shards, ({ owner, waiting }) => (owner === null ? null : describeWait(waiting)), "waiting for topic");
}

function describeWait(waiting: ShardStatus["waiting"]): string | null {
  if (waiting === null) return null;
  return waiting.reason === null ? waiting.topic : `${waiting.topic}: ${waiting.reason}`;
}

/** One line for all shards that say the same: a missing topic stops many of them. */
function grouped(shards: readonly ShardStatus[], say: (shard: ShardStatus) => string | null, verb: string): string[] {
  const byText = new Map<string, number[]>();
  for (const shard of shards) {
    const text = say(shard);
    if (text !== null) byText.set(text, [...(byText.get(text) ?? []), shard.shard]);
  }
  return [...byText].map(([text, numbers]) => {
    const who = numbers.length === 1 ? `shard ${numbers[0]} is` : `shards ${numbers.join(", ")} are`;
    return printable(`${who} ${verb} ${text}`);
  });
}

function countsOf({ backlog, refused, dead }: StatusReport): string[] {
  const counted =
    backlog === null
      ? "backlog: too large to be counted in time; the lag of each shard tells how far behind it is"
      : `backlog: ${plural(backlog.pending, "event")} of ${plural(backlog.tenants, "tenant")}`;
  return [`${counted}; refused and tried again: ${refused}; dead: ${dead}`];
}

function relayTable({ relays }: StatusReport, { width, color }: TableOptions): string {
  if (relays.length === 0) return "";
  const columns: Column[] = [
    { title: "RELAY", isElastic: true },
    { title: "PROCESS", align: "right" },
    { title: "VERSION", isElastic: true },
    { title: "SEEN" },
    { title: "STATE" },
  ];
  const rows = relays.map((relay) => [
    relay.host,
    String(relay.processId),
    relay.version,
    `${formatAge(relay.seenAgoMs)} ago`,
    relay.isAlive ? "alive" : "gone",
  ]);
  return renderTable(columns, rows, width, color);
}

function shardTable({ shards }: StatusReport, { width, color }: TableOptions): string {
  const columns: Column[] = [
    { title: "SHARD", align: "right" },
    { title: "STATE" },
    { title: "LAG" },
    { title: "OWNER", isElastic: true },
    { title: "LEASE" },
    { title: "EPOCH", align: "right" },
    { title: "PROMOTED", align: "right" },
    { title: "PLANNED", align: "right" },
    { title: "LAST", align: "right" },
  ];
  const rows = shards.map((shard) => [
    String(shard.shard),
    stateOf(shard),
    shard.lagMs === null ? "-" : formatAge(shard.lagMs),
    ownerOf(shard),
    shard.leaseLeftMs === null ? "-" : formatAge(Math.max(0, shard.leaseLeftMs)),
    String(shard.epoch),
    String(shard.promotedBatch),
    shard.plannedBatch === null ? "-" : String(shard.plannedBatch),
    String(shard.lastBatch),
  ]);
  return renderTable(columns, rows, width, color);
}

function backlogTable({ largest, tenants }: BacklogStatus, { width, color }: TableOptions): string {
  const columns: Column[] = [
    { title: "TENANT", isElastic: true },
    { title: "PENDING", align: "right" },
    { title: "OLDEST" },
    { title: "LANE" },
    { title: "RESUMES" },
  ];
  const rows = largest.map((tenant) => [
    tenant.tenantId,
    String(tenant.pending),
    formatAge(Math.max(0, tenant.oldestAgeMs)),
    tenant.laneReason ?? "-",
    tenant.resumeAt ?? "-",
  ]);
  const left = tenants - largest.length;
  return renderTable(columns, rows, width, color) + (left > 0 ? `and ${plural(left, "more tenant")}\n` : "");
}

/** What may not move now, and why. */
function laneTable({ first, counts }: LanesStatus, { width, color }: TableOptions): string {
  const columns: Column[] = [
    { title: "SHARD", align: "right" },
    { title: "LANE" },
    { title: "WAITS", isElastic: true },
    { title: "RESUMES" },
    { title: "WHY", isElastic: true },
  ];
  const rows = first.map((lane) => [
    String(lane.shard),
    lane.reason,
    describeLane(lane),
    lane.resumeInMs === null ? "-" : lane.resumeInMs <= 0 ? "now" : `in ${formatAge(lane.resumeInMs)}`,
    lane.detail,
  ]);
  const left = [...counts.values()].reduce((sum, count) => sum + count, 0) - first.length;
  return renderTable(columns, rows, width, color) + (left > 0 ? `and ${plural(left, "more lane")}\n` : "");
}

function describeLane({ tenantId, topic, key, seq }: LaneStatus): string {
  if (tenantId === null) return `topic ${topic}`;
  const parts = [`tenant ${tenantId}`];
  if (topic !== null) parts.push(`topic ${topic}`);
  if (key !== null) parts.push(`key ${key}`);
  if (seq !== null) parts.push(`the event with seq ${seq}`);
  return parts.join(", ");
}

function stateOf({ haltedReason, owner, waiting, lagMs }: ShardStatus): string {
  if (haltedReason !== null) return "halted";
  if (owner === null) return "free";
  if (waiting !== null) return "waiting";
  return lagMs === null ? "idle" : "publishing";
}

function ownerOf({ owner }: ShardStatus): string {
  if (owner === null) return "-";
  return owner.host === null ? owner.relayId : `${owner.host}/${owner.processId}`;
}

function plural(count: bigint | number, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? "" : "s"}`;
}
