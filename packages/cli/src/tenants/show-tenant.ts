import type { Tenant, TenantUsage } from "@siding/admin/api/tenant.js";
import { settingsIn, wordOf } from "@siding/admin/server/policy-words.js";
import { POLICY_FIELDS, type PolicyFields } from "@siding/core/policy/policy.js";
import { type SettledPolicy, settledFrom } from "@siding/core/policy/settle-policy.js";
import type { TableOptions } from "../inspect/print-answer.js";
import { formatAge } from "../status/format-age.js";
import { printable } from "../status/plain-table.js";
import { renderSettled, settledJson } from "./render-policies.js";
import type { ShownTenant } from "./tenant-keeper.js";

/** What holds for a tenant, out of the words that say it. */
export function settledOf({ holds, said_by }: Tenant): SettledPolicy {
  const saidBy = Object.fromEntries(POLICY_FIELDS.map((field) => [field, said_by[wordOf(field)] ?? null]));
  return settledFrom(settingsIn(holds) as PolicyFields, saidBy as SettledPolicy["saidBy"]);
}

/** One line: why its events wait, or that they do not. */
export function whyItWaits({ tenant: { pause, holds }, usage: { lane, pending } }: ShownTenant): string {
  if (pause !== null) {
    const until = pause.until === null ? "until it is resumed" : `until ${pause.until}`;
    return `paused by ${pause.actor} ${until}: ${pause.reason}`;
  }
  if (lane !== null) {
    const { reason, detail, resume_at: resumeAt } = lane;
    return `${reason}: ${detail}${resumeAt === null ? "" : `, until ${resumeAt}`}`;
  }
  if (holds.blocked === true) return "blocked from enqueueing";
  return pending === "0" ? "nothing waits" : "nothing holds it: its events ride the main line";
}

/** `siding tenants show -o json`. Names are public and only added to; 64-bit numbers are strings. */
export function tenantJson(shown: ShownTenant): string {
  const { tenant, usage } = shown;
  const settled = settledOf(tenant);
  const document = {
    tenant_id: tenant.tenant_id,
    pending: usage.pending,
    counted_to: usage.counted_to,
    lag_ms: usage.lag_ms,
    waits: whyItWaits(shown),
    lane: usage.lane,
    pause: tenant.pause,
    quota: usage.quota,
    backlog_max: settled.admission.backlogMax,
    blocked: settled.admission.blocked,
    policy: settledJson(settled),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

export function renderTenant(shown: ShownTenant, options: TableOptions): string {
  const { tenant, usage } = shown;
  const line = (use: TenantUsage["quota"]["events"], unit: string): string =>
    use === null
      ? "none"
      : `${use.used} of ${use.limit} ${unit} used, ${use.remaining} left${use.next_at === null ? "" : `, more at ${use.next_at}`}`;
  const fields: readonly [string, string][] = [
    ["tenant", tenant.tenant_id],
    [
      "pending",
      `${pendingOf(usage, " or more")}${usage.lag_ms === null ? "" : `, the oldest ${formatAge(usage.lag_ms)} old`}`,
    ],
    ["waits", whyItWaits(shown)],
    ["events", line(usage.quota.events, "events")],
    ["bytes", line(usage.quota.bytes, "bytes")],
  ];
  const head = fields.map(([name, value]) => `${name.padEnd(8)} ${printable(value)}\n`).join("");
  return `${head}\n${renderSettled(settledOf(tenant), options)}`;
}

/** @param more what is said of a count that ended before its end */
export function pendingOf({ pending, counted_to: countedTo }: TenantUsage, more: string): string {
  return BigInt(pending) >= BigInt(countedTo) ? `${countedTo}${more}` : pending;
}
