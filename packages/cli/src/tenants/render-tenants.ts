import type { TenantList } from "@siding/admin/api/tenant.js";
import type { TableOptions } from "../inspect/print-answer.js";
import { formatAge } from "../status/format-age.js";
import { type Column, printable, renderTable } from "../status/plain-table.js";
import { formatField } from "./policy-flags.js";
import { pendingOf, settledOf, whyItWaits } from "./show-tenant.js";

const COLUMNS: readonly Column[] = [
  { title: "TENANT", isElastic: true },
  { title: "PENDING", align: "right" },
  { title: "OLDEST", align: "right" },
  { title: "QUOTA", align: "right" },
  { title: "WEIGHT", align: "right" },
  { title: "CAP", align: "right" },
  { title: "WAITS", isElastic: true },
];

export function renderTenants({ tenants, next_after: nextAfter }: TenantList, { width, color }: TableOptions): string {
  if (tenants.length === 0) return "no tenants\n";
  const rows = tenants.map((shown) => {
    const { tenant, usage } = shown;
    const { policy, fields, admission } = settledOf(tenant);
    return [
      tenant.tenant_id,
      pendingOf(usage, "+"),
      usage.lag_ms === null ? "-" : formatAge(usage.lag_ms),
      policy.quota === null ? "none" : formatField("quotaEvents", fields.quotaEvents),
      String(fields.weight),
      admission.blocked ? "blocked" : String(admission.backlogMax ?? "none"),
      whyItWaits(shown),
    ];
  });
  return (
    renderTable(COLUMNS, rows, width, color) +
    (nextAfter === null ? "" : `there may be more: --after ${printable(nextAfter)}\n`)
  );
}

/** `-o json` of a list. Names are public and only added to; 64-bit numbers are strings. */
export function tenantsJson({ tenants, counted_to, next_after }: TenantList): string {
  const document = {
    tenants: tenants.map((shown) => {
      const { tenant, usage } = shown;
      const { policy, fields, admission } = settledOf(tenant);
      return {
        tenant_id: tenant.tenant_id,
        pending: usage.pending,
        lag_ms: usage.lag_ms,
        quota: policy.quota === null ? null : formatField("quotaEvents", fields.quotaEvents),
        weight: fields.weight,
        backlog_max: admission.backlogMax,
        blocked: admission.blocked,
        waits: whyItWaits(shown),
      };
    }),
    counted_to,
    next_after,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
