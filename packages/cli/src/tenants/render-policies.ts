import type { Policy, PolicyField, PolicyMatch } from "@siding/core/policy/policy.js";
import type { SettledPolicy } from "@siding/core/policy/settle-policy.js";
import type { PolicyAuthor } from "@siding/store-postgres/policy-row.js";
import type { TableOptions } from "../inspect/print-answer.js";
import { type Column, renderTable } from "../status/plain-table.js";
import { FIELD_FLAGS, formatField, SHOWN_FIELDS } from "./policy-flags.js";

const PLAIN: TableOptions = { width: undefined, color: false };

/** `max_backlog` for `--max-backlog`: the name of a field in JSON and in tables. */
export function nameOf(field: PolicyField): string {
  return FIELD_FLAGS[field].flag.slice(2).replaceAll("-", "_");
}

export function describeMatch(match: PolicyMatch): string {
  if (match.kind === "tenant") return `tenant ${match.tenantId}`;
  return match.kind === "pattern" ? `pattern ${match.pattern}` : `${match.percent} % of tenants`;
}

/** What a policy says, field by field, as its flags take it. */
export function saidOf({ settings }: Policy): Record<string, string> {
  const said = SHOWN_FIELDS.flatMap((field) => {
    const value = settings[field];
    return value === null ? [] : [[nameOf(field), formatField(field, value)] as const];
  });
  return Object.fromEntries(said);
}

export function settledJson({ fields, saidBy }: SettledPolicy): Record<string, { value: string; said_by: string }> {
  return Object.fromEntries(
    SHOWN_FIELDS.map((field) => [
      nameOf(field),
      { value: formatField(field, fields[field]), said_by: saidBy[field] ?? "default" },
    ]),
  );
}

const FIELD_COLUMNS: readonly Column[] = [
  { title: "FIELD" },
  { title: "VALUE" },
  { title: "SAID BY", isElastic: true },
];

export function renderSettled(settled: SettledPolicy, { width, color }: TableOptions): string {
  const rows = Object.entries(settledJson(settled)).map(([name, { value, said_by }]) => [name, value, said_by]);
  return renderTable(FIELD_COLUMNS, rows, width, color);
}

const CHANGE_COLUMNS: readonly Column[] = [{ title: "FIELD" }, { title: "BEFORE" }, { title: "AFTER" }];

/** The fields that a change makes different. */
export function renderDifference(before: Record<string, string>, after: Record<string, string>): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const rows = names
    .filter((name) => before[name] !== after[name])
    .map((name) => [name, before[name] ?? "-", after[name] ?? "-"]);
  return rows.length === 0 ? "no difference\n" : renderTable(CHANGE_COLUMNS, rows, PLAIN.width, PLAIN.color);
}

const POLICY_COLUMNS: readonly Column[] = [
  { title: "POLICY", isElastic: true },
  { title: "PRIORITY", align: "right" },
  { title: "FOR", isElastic: true },
  { title: "SAYS", isElastic: true },
  { title: "CHANGED" },
  { title: "BY", isElastic: true },
  { title: "REASON", isElastic: true },
];

export function policyJson(policy: Policy, author: PolicyAuthor | undefined): Record<string, unknown> {
  const { name, match, priority } = policy;
  return {
    name,
    tenant_id: match.kind === "tenant" ? match.tenantId : null,
    pattern: match.kind === "pattern" ? match.pattern : null,
    percent: match.kind === "percentage" ? match.percent : null,
    priority,
    says: saidOf(policy),
    actor: author?.actor ?? null,
    reason: author?.reason ?? null,
    changed_at: author?.changedAt ?? null,
  };
}

export function renderPolicies(
  policies: readonly Policy[],
  authors: ReadonlyMap<string, PolicyAuthor>,
  { width, color }: TableOptions,
): string {
  if (policies.length === 0) return "no policies: the defaults hold for every tenant\n";
  const rows = policies.map((policy) => {
    const author = authors.get(policy.name);
    const says = Object.entries(saidOf(policy)).map(([name, value]) => `${name}=${value}`);
    const { name, priority, match } = policy;
    return [
      name,
      String(priority),
      describeMatch(match),
      says.join(" "),
      author?.changedAt.slice(0, 19) ?? "-",
      author?.actor ?? "-",
      author?.reason ?? "-",
    ];
  });
  return renderTable(POLICY_COLUMNS, rows, width, color);
}
