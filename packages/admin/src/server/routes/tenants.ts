import { SidingError } from "@siding/core/errors.js";
import { NOTHING_SAID, type Policy, type PolicyFields } from "@siding/core/policy/policy.js";
import { policySet, settlePolicy } from "@siding/core/policy/settle-policy.js";
import type { Limit } from "@siding/core/quota/limit.js";
import { limitUse } from "@siding/core/quota/limit-use.js";
import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import type { OpenBook, TenantDesk } from "@siding/store-postgres/tenant-desk.js";
import type { FastifyRequest } from "fastify";
import { Tenant, TenantPatch, TenantPath, TenantPause, TenantResumption, TenantUsage } from "../../api/tenant.js";
import { tenantOf } from "../access.js";
import type { AdminRoutes } from "../admin-routes.js";
import { authorOf, callerOf } from "../guard.js";
import { HttpProblem } from "../http-problem.js";
import { instant } from "../instant.js";
import { policyWords, settingsIn, wordOf } from "../policy-words.js";

export interface TenantRoutesOptions {
  readonly pool: AdminPool;
  /** What holds where no policy says anything: the relays' own, or what is shown is not what holds. */
  readonly defaults: PolicyFields;
}

/** Counted no further, so that the answer does not wait for a great backlog. */
const PENDING_MAX = 20_000n;

/** What holds for a tenant, what it has used, and its pauses. Each change is in the audit, in its own transaction. */
export function tenantRoutes(server: AdminRoutes, { pool, defaults }: TenantRoutesOptions): void {
  const viewer = { access: { role: "viewer", scope: "tenant" } } as const;
  const operator = { access: { role: "operator", scope: "tenant" } } as const;
  const admin = { access: { role: "admin", scope: "tenant" } } as const;
  const about = { tags: ["tenants"], params: TenantPath };

  server.get(
    "/admin/tenants/:tenant_id",
    {
      config: viewer,
      schema: { ...about, summary: "What holds for a tenant, and who says so", response: { 200: Tenant } },
    },
    async (request): Promise<Tenant> => {
      const tenantId = tenantIn(request, request.params);
      return pool.atTenantDesk((desk) => desk.atOneMoment(() => tenant(desk, tenantId)));
    },
  );

  server.patch(
    "/admin/tenants/:tenant_id",
    {
      config: admin,
      schema: {
        ...about,
        summary: "Says what holds for a tenant; fields that are not named stay, null takes one back",
        body: TenantPatch,
        response: { 200: Tenant },
      },
    },
    async (request): Promise<Tenant> => {
      const tenantId = tenantIn(request, request.params);
      const { reason, ...words } = request.body;
      const said = settingsIn(words);
      if (Object.keys(said).length === 0) throw new HttpProblem(400, "Name a field that is to change, such as weight.");
      return change(tenantId, async (desk, { policies }) => {
        const name = `tenant/${tenantId}`;
        const before = policies.find((policy) => policy.name === name);
        const settings = { ...(before?.settings ?? NOTHING_SAID), ...said };
        const after: Policy = { name, match: { kind: "tenant", tenantId }, priority: 0, settings };
        const isEmpty = Object.values(settings).every((value) => value === null);
        if (isEmpty) await desk.removePolicy(name, authorOf(request, reason));
        else await desk.setPolicy(after, authorOf(request, reason));
      });
    },
  );

  server.post(
    "/admin/tenants/:tenant_id/pause",
    {
      config: operator,
      schema: {
        ...about,
        summary: "Publishes nothing of a tenant until a time, or until it is resumed; its events are still stored",
        body: TenantPause,
        response: { 200: Tenant },
      },
    },
    async (request): Promise<Tenant> => {
      const tenantId = tenantIn(request, request.params);
      const { reason, until } = request.body;
      const untilMs = until === undefined ? null : Date.parse(instant("until", until));
      return change(tenantId, async (desk, { nowMs }) => {
        if (untilMs !== null && untilMs <= nowMs) {
          throw new SidingError("SIDING_USAGE", `until is past: Postgres' clock is at ${timeOrNull(nowMs)}`);
        }
        await desk.pause(tenantId, authorOf(request, reason), untilMs);
      });
    },
  );

  server.post(
    "/admin/tenants/:tenant_id/resume",
    {
      config: operator,
      schema: {
        ...about,
        summary: "Ends a tenant's pause; of one that is not paused nothing changes",
        body: TenantResumption,
        response: { 200: Tenant },
      },
    },
    async (request): Promise<Tenant> => {
      const tenantId = tenantIn(request, request.params);
      return change(tenantId, (desk) => desk.resume(tenantId, authorOf(request, request.body.reason)));
    },
  );

  server.get(
    "/admin/tenants/:tenant_id/usage",
    {
      config: viewer,
      schema: {
        ...about,
        summary: "What a tenant has used of its quota, what is pending, and why it waits",
        response: { 200: TenantUsage },
      },
    },
    async (request): Promise<TenantUsage> => {
      const tenantId = tenantIn(request, request.params);
      return pool.atTenantDesk((desk) => desk.atOneMoment(() => usage(desk, tenantId)));
    },
  );

  function change(tenantId: string, act: (desk: TenantDesk, book: OpenBook) => Promise<unknown>): Promise<Tenant> {
    return pool.atTenantDesk((desk) =>
      desk.change({ defaults, isKept: true }, async (book) => {
        await act(desk, book);
        return tenant(desk, tenantId);
      }),
    );
  }

  async function tenant(desk: TenantDesk, tenantId: string): Promise<Tenant> {
    const { policies, pauses, authors } = await desk.read();
    const { fields, saidBy } = settlePolicy(tenantId, policySet(policies), defaults);
    const own = policies.find(({ match }) => match.kind === "tenant" && match.tenantId === tenantId);
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
      said_by: Object.fromEntries(
        Object.entries(saidBy).map(([field, name]) => [wordOf(field as keyof PolicyFields), name]),
      ),
      pause:
        pause === undefined ? null : { actor: pause.actor, reason: pause.reason, until: timeOrNull(pause.untilMs) },
    };
  }

  async function usage(desk: TenantDesk, tenantId: string): Promise<TenantUsage> {
    const { policies, nowMs } = await desk.read();
    const { quota } = settlePolicy(tenantId, policySet(policies), defaults).policy;
    const { pending, lagMs, lane, used } = await desk.usage(tenantId, PENDING_MAX);
    const use = (limit: Limit | null | undefined, paidUntil: bigint): TenantUsage["quota"]["events"] => {
      if (limit == null) return null;
      const { limit: most, used, remaining, nextAtMs } = limitUse(limit, paidUntil, nowMs);
      return {
        limit: String(most),
        used: String(used),
        remaining: String(remaining),
        next_at: timeOrNull(nextAtMs),
      };
    };
    return {
      tenant_id: tenantId,
      at: new Date(nowMs).toISOString(),
      pending: String(pending),
      counted_to: String(PENDING_MAX),
      lag_ms: lagMs,
      lane: lane === null ? null : { reason: lane.reason, detail: lane.detail, resume_at: lane.resumeAt },
      quota: { events: use(quota?.events, used.events), bytes: use(quota?.bytes, used.bytes) },
    };
  }
}

/** @throws HttpProblem 403 for a tenant that the caller's token is not bound to */
function tenantIn(request: FastifyRequest, { tenant_id: tenantId }: { readonly tenant_id: string }): string {
  return tenantOf(callerOf(request), tenantId)!;
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
