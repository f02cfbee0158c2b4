import type { AdminRole } from "@siding/store-postgres/admin-tokens.js";
import { HttpProblem } from "./http-problem.js";

/**
 * Who may call a route: everybody, or whoever has the role at least. A route of scope `deployment` shows or changes what
 * belongs to every tenant, so tokens that are bound to tenants are refused; one of scope `tenant` serves them their own.
 */
export type RouteAccess = "public" | { readonly role: AdminRole; readonly scope: "tenant" | "deployment" };

/** Who calls. */
export interface Caller {
  /** As the audit names it. */
  readonly actor: string;
  readonly role: AdminRole;
  /** Those that its token is bound to; null for every tenant. */
  readonly tenants: readonly string[] | null;
  readonly maySeePayload: boolean;
}

const RANK: Readonly<Record<AdminRole, number>> = { viewer: 0, operator: 1, admin: 2 };

/** @throws HttpProblem 403 where the route is not for this caller */
export function admit({ role, tenants }: Caller, access: Exclude<RouteAccess, "public">): void {
  if (RANK[role] < RANK[access.role]) {
    throw new HttpProblem(403, `This takes a token of role ${access.role}; yours has role ${role}.`);
  }
  if (access.scope === "deployment" && tenants !== null) {
    throw new HttpProblem(403, "This concerns every tenant; your token is bound to some.");
  }
}

/**
 * The tenant that a request is about: the one it names, if the token may see it; else the one that the token is bound to.
 * @throws HttpProblem 403 for a foreign tenant, 400 where a token that is bound to several names none
 */
export function tenantOf({ tenants }: Caller, named: string | undefined): string | undefined {
  if (tenants === null) return named;
  if (named === undefined) {
    if (tenants.length === 1) return tenants[0];
    throw new HttpProblem(400, "Your token is bound to several tenants: name one of them as tenant.");
  }
  if (tenants.includes(named)) return named;
  throw new HttpProblem(403, "Your token is not bound to this tenant.");
}
