import type { PolicyFields } from "@siding/core/policy/policy.js";
import { policySet, settlePolicy } from "@siding/core/policy/settle-policy.js";
import type { TenantDesk } from "@siding/store-postgres/tenant-desk.js";
import type { ShownTenant } from "./show-tenant.js";

/** Counted no further for each of a list. */
const PENDING_MAX = 10_000n;

export interface ListedTenants {
  readonly tenants: readonly ShownTenant[];
  readonly countedTo: bigint;
  /** To go on behind; null at the end. */
  readonly nextAfter: string | null;
}

/** Tenants in the order of their names: those with events in the log, and those that a policy or a pause names. */
export async function listTenants(
  desk: TenantDesk,
  defaults: PolicyFields,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<ListedTenants> {
  const book = await desk.read();
  const named = [
    ...book.policies.flatMap(({ match }) => (match.kind === "tenant" ? [match.tenantId] : [])),
    ...book.pauses.keys(),
  ];
  const found = new Set([...(await desk.inLog(after, limit + 1)), ...(await desk.inNameOrder(named, after))]);
  const ordered = await desk.inNameOrder([...found], after);
  const page = ordered.slice(0, limit);
  const policies = policySet(book.policies);
  const tenants: ShownTenant[] = [];
  for (const tenantId of page) {
    tenants.push({
      tenantId,
      settled: settlePolicy(tenantId, policies, defaults),
      pause: book.pauses.get(tenantId) ?? null,
      usage: await desk.usage(tenantId, PENDING_MAX),
      nowMs: book.nowMs,
    });
  }
  return { tenants, countedTo: PENDING_MAX, nextAfter: ordered.length > limit ? (page.at(-1) ?? null) : null };
}
