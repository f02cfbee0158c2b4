import type { DeadGroup } from "@siding/store-postgres/event-inspection.js";
import { type Column, renderTable } from "../status/plain-table.js";
import type { TableOptions } from "./print-answer.js";

export interface ListedGroups {
  readonly groups: readonly DeadGroup[];
  readonly total: number;
}

const COLUMNS: readonly Column[] = [
  { title: "COUNT", align: "right" },
  { title: "FIRST" },
  { title: "LAST" },
  { title: "LAST ERROR", isElastic: true },
  { title: "TENANTS", isElastic: true },
  { title: "TOPICS", isElastic: true },
];

/** `siding dead list -o json`. Names are public and only added to; 64-bit numbers are strings. */
export function renderGroupsJson({ groups, total }: ListedGroups): string {
  const document = {
    groups: groups.map((group) => ({
      fingerprint: group.fingerprint,
      count: String(group.events),
      tenants: group.tenants,
      tenants_total: group.tenantsTotal,
      topics: group.topics,
      topics_total: group.topicsTotal,
      first_created_at: group.firstAt,
      last_created_at: group.lastAt,
      sample_error: group.sampleError,
    })),
    groups_total: total,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

export function renderGroupsTable({ groups, total }: ListedGroups, { width, color }: TableOptions): string {
  if (groups.length === 0) return "no dead letters\n";
  const rows = groups.map((group) => [
    String(group.events),
    group.firstAt,
    group.lastAt,
    group.sampleError,
    names(group.tenants, group.tenantsTotal),
    names(group.topics, group.topicsTotal),
  ]);
  const left = total - groups.length;
  return (
    renderTable(COLUMNS, rows, width, color) + (left > 0 ? `and ${left} more causes: see more with --limit\n` : "")
  );
}

const NAMED = 3;

function names(some: readonly string[], total: number): string {
  const named = some.slice(0, NAMED);
  return total > named.length ? `${named.join(" ")} and ${total - named.length} more` : named.join(" ");
}
