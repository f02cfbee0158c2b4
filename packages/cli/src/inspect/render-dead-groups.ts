import type { DeadCauses } from "@siding/admin/api/event.js";
import { type Column, renderTable } from "../status/plain-table.js";
import type { Answer, TableOptions } from "./print-answer.js";

const COLUMNS: readonly Column[] = [
  { title: "COUNT", align: "right" },
  { title: "FIRST" },
  { title: "LAST" },
  { title: "LAST ERROR", isElastic: true },
  { title: "TENANTS", isElastic: true },
  { title: "TOPICS", isElastic: true },
];

/** `siding dead list`. */
export function causesAnswer(causes: DeadCauses): Answer {
  return {
    json: () => `${JSON.stringify(causes, undefined, 2)}\n`,
    table: (options) => renderCausesTable(causes, options),
  };
}

function renderCausesTable({ groups, groups_total }: DeadCauses, { width, color }: TableOptions): string {
  if (groups.length === 0) return "no dead letters\n";
  const rows = groups.map((group) => [
    group.count,
    group.first_created_at,
    group.last_created_at,
    group.sample_error,
    names(group.tenants, group.tenants_total),
    names(group.topics, group.topics_total),
  ]);
  const left = groups_total - groups.length;
  return (
    renderTable(COLUMNS, rows, width, color) + (left > 0 ? `and ${left} more causes: see more with --limit\n` : "")
  );
}

const NAMED = 3;

function names(some: readonly string[], total: number): string {
  const named = some.slice(0, NAMED);
  return total > named.length ? `${named.join(" ")} and ${total - named.length} more` : named.join(" ");
}
