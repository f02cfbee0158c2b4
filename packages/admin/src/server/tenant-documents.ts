import type { PolicyField, PolicyFields } from "@siding/core/policy/policy.js";
import { policySet, settlePolicy } from "@siding/core/policy/settle-policy.js";
import type { Limit } from "@siding/core/quota/limit.js";
import { limitUse } from "@siding/core/quota/limit-use.js";
import type { OpenBook, TenantDesk } from "@siding/store-postgres/tenant-desk.js";
import type { Tenant, TenantList, TenantUsage } from "../api/tenant.js";
import { policyWords, wordOf } from "./policy-words.js";

/** Counted no further, so that the answer does not wait for a great backlog. */
const PENDING_MAX = 20_000n;
/** The same for each of a list; and for all of them together, which a long one shares. */
const PENDING_OF_LIST_MAX = 10_000;
const PENDING_OF_ALL_MAX = 1_000_000;

/**
 * What holds for a tenant, and who says so.
 * @param set the book's policies, from whoever asks about many: a deployment may have one for each of thousands of tenants
 */
export function tenantDocument(
  tenantId: string,
  { policies, pauses, authors }: OpenBook,
  defaults: PolicyFields,
  set = policySet(policies),
): Tenant {
  const { fields, saidBy } = settlePolicy(tenantId, set, defaults);
  const own = set.own.get(tenantId)?.[0];
  const author = own && authors.get(own.name);
  const pause = pauses.get(tenantId);
  return {
    tenant_id: tenantId,
    policy:
      own === undefined || author === undefined
        ? null
        : {
            says: policyWords(own.settings),
            actor: author.actor,
            reason: author.reason,
            changed_at: new Date(author.changedAt).toISOString(),
          },
    holds: policyWords(fields),
    said_by: Object.fromEntries(Object.entries(saidBy).map(([field, name]) => [wordOf(field as PolicyField), name])),
    pause: pause === undefined ? null : { actor: pause.actor, reason: pause.reason, until: timeOrNull(pause.untilMs) },
  };
}

/** What each has used, what is pending, and why it waits; in the order in which they are named. */
export async function usageDocuments(
  desk: TenantDesk,
  tenantIds: readonly string[],
  { policies, nowMs }: OpenBook,
  defaults: PolicyFields,
  { pendingMax = PENDING_MAX, set = policySet(policies) } = {},
): Promise<TenantUsage[]> {
  const usage = await desk.usage(tenantIds, pendingMax);
  return tenantIds.map((tenantId) => {
    const { quota } = settlePolicy(tenantId, set, defaults).policy;
    const { pending, lagMs, lane, used } = usage.get(tenantId)!;
    const use = (limit: Limit | null | undefined, paidUntil: bigint): TenantUsage["quota"]["events"] => {
      if (limit == null) return null;
      const { limit: most, used, remaining, nextAtMs } = limitUse(limit, paidUntil, nowMs);
      return { limit: String(most), used: String(used), remaining: String(remaining), next_at: timeOrNull(nextAtMs) };
    };
    return {
      tenant_id: tenantId,
      at: new Date(nowMs).toISOString(),
      pending: String(pending),
      counted_to: String(pendingMax),
      lag_ms: lagMs,
      lane: lane === null ? null : { reason: lane.reason, detail: lane.detail, resume_at: lane.resumeAt },
      quota: { events: use(quota?.events, used.events), bytes: use(quota?.bytes, used.bytes) },
    };
  });
}

/** Tenants in the order of their names: those with events in the log, and those that a policy or a pause names. */
export async function tenantListDocument(
  desk: TenantDesk,
  defaults: PolicyFields,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<TenantList> {
  const book = await desk.read();
  const named = [
    ...book.policies.flatMap(({ match }) => (match.kind === "tenant" ? [match.tenantId] : [])),
    ...book.pauses.keys(),
  ];
  const found = new Set([...(await desk.inLog(after, limit + 1)), ...(await desk.inNameOrder(named, after))]);
  const ordered = await desk.inNameOrder([...found], after);
  const page = ordered.slice(0, limit);
  const set = policySet(book.policies);
  // By the limit, not by the page: every page of a list counts as far.
  const pendingMax = BigInt(Math.min(PENDING_OF_LIST_MAX, Math.floor(PENDING_OF_ALL_MAX / limit)));
  const usages = await usageDocuments(desk, page, book, defaults, { pendingMax, set });
  const tenants = usages.map((usage) => ({ tenant: tenantDocument(usage.tenant_id, book, defaults, set), usage }));
  const next_after = ordered.length > limit ? (page.at(-1) ?? null) : null;
  return { tenants, counted_to: String(pendingMax), next_after };
}

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
