import type { PolicyFields } from "@siding/core/policy/policy.js";
import type { SettledPolicy } from "@siding/core/policy/settle-policy.js";
import type { Pause } from "@siding/core/policy/tenant-policy.js";
import type { Limit, PaidUntilNs } from "@siding/core/quota/limit.js";
import { type LimitUse, limitUse } from "@siding/core/quota/limit-use.js";
import type { TenantDesk, TenantUsage } from "@siding/store-postgres/tenant-desk.js";
import type { TableOptions } from "../inspect/print-answer.js";
import { formatAge } from "../status/format-age.js";
import { printable } from "../status/plain-table.js";
import { settledIn } from "./change-policies.js";
import { renderSettled, settledJson } from "./render-policies.js";

/** Counted no further, so that the answer does not wait for a great backlog. */
const PENDING_MAX = 20_000n;

export interface ShownTenant {
  readonly tenantId: string;
  readonly settled: SettledPolicy;
  readonly pause: Pause | null;
  readonly usage: TenantUsage;
  readonly nowMs: number;
}

export async function showTenant(desk: TenantDesk, tenantId: string, defaults: PolicyFields): Promise<ShownTenant> {
  const book = await desk.read();
  const usage = await desk.usage(tenantId, PENDING_MAX);
  const settled = settledIn(book, tenantId, defaults);
  return { tenantId, settled, pause: book.pauses.get(tenantId) ?? null, usage, nowMs: book.nowMs };
}

function useOf(limit: Limit | null | undefined, paidUntil: PaidUntilNs, nowMs: number): LimitUse | null {
  return limit == null ? null : limitUse(limit, paidUntil, nowMs);
}

function moment(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** One line: why its events wait, or that they do not. */
export function whyItWaits({ pause, usage, settled }: ShownTenant): string {
  if (pause !== null) {
    const until = pause.untilMs === null ? "until it is resumed" : `until ${new Date(pause.untilMs).toISOString()}`;
    return `paused by ${pause.actor} ${until}: ${pause.reason}`;
  }
  if (usage.lane !== null) {
    const { reason, detail, resumeAt } = usage.lane;
    return `${reason}: ${detail}${resumeAt === null ? "" : `, until ${resumeAt}`}`;
  }
  if (settled.admission.blocked) return "blocked from enqueueing";
  return usage.pending === 0n ? "nothing waits" : "nothing holds it: its events ride the main line";
}

/** `siding tenants show -o json`. Names are public and only added to; 64-bit numbers are strings. */
export function tenantJson(shown: ShownTenant): string {
  const { tenantId, settled, pause, usage, nowMs } = shown;
  const quota = settled.policy.quota;
  const use = (limit: Limit | null | undefined, paidUntil: PaidUntilNs) => {
    const used = useOf(limit, paidUntil, nowMs);
    if (used === null) return null;
    return {
      limit: String(used.limit),
      used: String(used.used),
      remaining: String(used.remaining),
      next_at: moment(used.nextAtMs),
    };
  };
  const document = {
    tenant_id: tenantId,
    pending: String(usage.pending),
    counted_to: String(PENDING_MAX),
    lag_ms: usage.lagMs,
    waits: whyItWaits(shown),
    lane: usage.lane === null ? null : { ...usage.lane, resumeAt: undefined, resume_at: usage.lane.resumeAt },
    pause:
      pause === null
        ? null
        : {
            actor: pause.actor,
            reason: pause.reason,
            until: moment(pause.untilMs),
          },
    quota: { events: use(quota?.events, usage.used.events), bytes: use(quota?.bytes, usage.used.bytes) },
    backlog_max: settled.admission.backlogMax,
    blocked: settled.admission.blocked,
    policy: settledJson(settled),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

export function renderTenant(shown: ShownTenant, options: TableOptions): string {
  const { tenantId, settled, usage, nowMs } = shown;
  const { quota } = settled.policy;
  const line = (use: LimitUse | null, unit: string): string =>
    use === null
      ? "none"
      : `${use.used} of ${use.limit} ${unit} used, ${use.remaining} left${use.nextAtMs === null ? "" : `, more at ${moment(use.nextAtMs)}`}`;
  const pending = usage.pending >= PENDING_MAX ? `${PENDING_MAX} or more` : String(usage.pending);
  const fields: readonly [string, string][] = [
    ["tenant", tenantId],
    ["pending", `${pending}${usage.lagMs === null ? "" : `, the oldest ${formatAge(usage.lagMs)} old`}`],
    ["waits", whyItWaits(shown)],
    ["events", line(useOf(quota?.events, usage.used.events, nowMs), "events")],
    ["bytes", line(useOf(quota?.bytes, usage.used.bytes, nowMs), "bytes")],
  ];
  const head = fields.map(([name, value]) => `${name.padEnd(8)} ${printable(value)}\n`).join("");
  return `${head}\n${renderSettled(settled, options)}`;
}
