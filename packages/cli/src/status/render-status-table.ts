import type { Status } from "@siding/admin/api/deployment.js";
import { createColors } from "picocolors";
import { plural } from "../plural.js";
import { formatAge } from "./format-age.js";
import { type Column, printable, renderTable } from "./plain-table.js";

export interface TableOptions {
  /** Columns of the terminal; undefined on a pipe. */
  readonly width: number | undefined;
  readonly color: boolean;
}

type ShardStatus = Status["shards"][number];
type BacklogStatus = NonNullable<Status["backlog"]>;
type LanesStatus = Status["lanes"];
type LaneStatus = LanesStatus["first"][number];

/** `siding status`: what needs somebody first and in full, then the tables. */
export function renderStatusTable(report: Status, { width, color }: TableOptions): string {
  const { red, yellow, dim } = createColors(color);
  const alarms = alarmsOf(report).map((line) => red(line));
  const notes = waitsOf(report).map((line) => yellow(line));
  const { deployment } = report;
  const name = deployment.name ?? "(no relay has run yet)";
  const where = `deployment ${name} at ${report.server}, schema version ${deployment.schema_version}, ${deployment.shards} shards`;
  const head = [...alarms, ...notes, dim(where), ...countsOf(report)].join("\n");
  const tables = [relayTable(report, { width, color }), shardTable(report, { width, color })];
  if (report.backlog !== null && report.backlog.largest.length > 0) {
    tables.push(backlogTable(report.backlog, { width, color }));
  }
  if (report.lanes.first.length > 0) tables.push(laneTable(report.lanes, { width, color }));
  return [`${head}\n`, ...tables.filter((table) => table !== "")].join("\n");
}

function alarmsOf({ relays, shards, backlog }: Status): string[] {
  const alarms: string[] = [];
  if (!relays.some((relay) => relay.alive)) {
    const isIdle = backlog !== null && backlog.pending === "0";
    const waiting = backlog === null ? "events" : plural(backlog.pending, "event");
    alarms.push(isIdle ? "no relay is running" : `no relay is running: ${waiting} wait until one does`);
  }
  return [...alarms, ...grouped(shards, (shard) => shard.halted_reason, "halted:")];
}

function waitsOf({ shards }: Status): string[] {
  // What a free shard waited for when it was let go says nothing of now.
  return grouped(shards, (shard) => (shard.owner === null ? null : describeWait(shard)), "waiting for topic");
}

function describeWait({ waiting_topic: topic, waiting_reason: reason }: ShardStatus): string | null {
  return topic === null || reason === null ? topic : `${topic}: ${reason}`;
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

function countsOf({ backlog, refused, dead }: Status): string[] {
  const counted =
    backlog === null
      ? "backlog: too large to be counted in time; the lag of each shard tells how far behind it is"
      : `backlog: ${plural(backlog.pending, "event")} of ${plural(backlog.tenants, "tenant")}`;
  return [`${counted}; refused and tried again: ${refused}; dead: ${dead}`];
}

function relayTable({ relays }: Status, { width, color }: TableOptions): string {
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
    String(relay.process_id),
    relay.version,
    `${formatAge(relay.seen_ago_ms)} ago`,
    relay.alive ? "alive" : "gone",
  ]);
  return renderTable(columns, rows, width, color);
}

function shardTable({ shards }: Status, { width, color }: TableOptions): string {
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
    shard.lag_ms === null ? "-" : formatAge(shard.lag_ms),
    ownerOf(shard),
    shard.lease_left_ms === null ? "-" : formatAge(Math.max(0, shard.lease_left_ms)),
    shard.epoch,
    shard.promoted_batch,
    shard.planned_batch ?? "-",
    shard.last_batch,
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
    tenant.tenant_id,
    tenant.pending,
    formatAge(Math.max(0, tenant.oldest_age_ms)),
    tenant.lane_reason ?? "-",
    tenant.resume_at ?? "-",
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
    lane.resume_in_ms === null ? "-" : lane.resume_in_ms <= 0 ? "now" : `in ${formatAge(lane.resume_in_ms)}`,
    lane.detail,
  ]);
  const left = Object.values(counts).reduce((sum, count) => sum + count, 0) - first.length;
  return renderTable(columns, rows, width, color) + (left > 0 ? `and ${plural(left, "more lane")}\n` : "");
}

function describeLane({ tenant_id, topic, key, seq }: LaneStatus): string {
  if (tenant_id === null) return `topic ${topic}`;
  const parts = [`tenant ${tenant_id}`];
  if (topic !== null) parts.push(`topic ${topic}`);
  if (key !== null) parts.push(`key ${key}`);
  if (seq !== null) parts.push(`the event with seq ${seq}`);
  return parts.join(", ");
}

function stateOf({ halted_reason, owner, waiting_topic, lag_ms }: ShardStatus): string {
  if (halted_reason !== null) return "halted";
  if (owner === null) return "free";
  if (waiting_topic !== null) return "waiting";
  return lag_ms === null ? "idle" : "publishing";
}

function ownerOf({ owner }: ShardStatus): string {
  if (owner === null) return "-";
  return owner.host === null ? owner.relay_id : `${owner.host}/${owner.process_id}`;
}
