import type { TableOptions } from "../inspect/print-answer.js";
import { formatAge } from "../status/format-age.js";
import { type Column, renderTable } from "../status/plain-table.js";
import type { ListedTenants } from "./list-tenants.js";
import { formatField } from "./policy-flags.js";
import { whyItWaits } from "./show-tenant.js";

const COLUMNS: readonly Column[] = [
  { title: "TENANT", isElastic: true },
  { title: "PENDING", align: "right" },
  { title: "OLDEST", align: "right" },
  { title: "QUOTA", align: "right" },
  { title: "WEIGHT", align: "right" },
  { title: "CAP", align: "right" },
  { title: "WAITS", isElastic: true },
];

export function renderTenants(
  { tenants, countedTo, nextAfter }: ListedTenants,
  { width, color }: TableOptions,
): string {
  if (tenants.length === 0) return "no tenants\n";
  const rows = tenants.map((tenant) => {
    const { tenantId, settled, usage } = tenant;
    return [
      tenantId,
      usage.pending >= countedTo ? `${countedTo}+` : String(usage.pending),
      usage.lagMs === null ? "-" : formatAge(usage.lagMs),
      settled.policy.quota === null ? "none" : formatField("quotaEvents", settled.fields.quotaEvents),
      String(settled.fields.weight),
      settled.admission.blocked ? "blocked" : String(settled.admission.backlogMax ?? "none"),
      whyItWaits(tenant),
    ];
  });
  return (
    renderTable(COLUMNS, rows, width, color) + (nextAfter === null ? "" : `there may be more: --after ${nextAfter}\n`)
  );
}

/** `-o json` of a list. Names are public and only added to; 64-bit numbers are strings. */
export function tenantsJson({ tenants, countedTo, nextAfter }: ListedTenants): string {
  const document = {
    tenants: tenants.map((tenant) => ({
      tenant_id: tenant.tenantId,
      pending: String(tenant.usage.pending),
      lag_ms: tenant.usage.lagMs,
      quota:
        tenant.settled.policy.quota === null ? null : formatField("quotaEvents", tenant.settled.fields.quotaEvents),
      weight: tenant.settled.fields.weight,
      backlog_max: tenant.settled.admission.backlogMax,
      blocked: tenant.settled.admission.blocked,
      waits: whyItWaits(tenant),
    })),
    counted_to: String(countedTo),
    next_after: nextAfter,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
