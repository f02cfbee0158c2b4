import { SidingError } from "@siding/core/errors.js";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import type { OpenBook, TenantDesk } from "@siding/store-postgres/tenant-desk.js";
import type { FastifyRequest } from "fastify";
import {
  Tenant,
  TenantList,
  TenantPatch,
  TenantPath,
  TenantPause,
  TenantQuery,
  TenantResumed,
  TenantResumption,
  TenantUsage,
} from "../../api/tenant.js";
import { tenantOf } from "../access.js";
import type { AdminRoutes } from "../admin-routes.js";
import { authorOf, callerOf } from "../guard.js";
import { HttpProblem } from "../http-problem.js";
import { instant } from "../instant.js";
import { settingsIn } from "../policy-words.js";
import { tenantDocument, tenantListDocument, timeOrNull, usageDocuments } from "../tenant-documents.js";

export interface TenantRoutesOptions {
  readonly pool: AdminPool;
  /** What holds where no policy says anything: the relays' own, or what is shown is not what holds. */
  readonly defaults: PolicyFields;
}

/** What holds for a tenant, what it has used, and its pauses. Each change is in the audit, in its own transaction. */
export function tenantRoutes(server: AdminRoutes, { pool, defaults }: TenantRoutesOptions): void {
  const viewer = { access: { role: "viewer", scope: "tenant" } } as const;
  const operator = { access: { role: "operator", scope: "tenant" } } as const;
  const admin = { access: { role: "admin", scope: "tenant" } } as const;
  const about = { tags: ["tenants"], params: TenantPath };

  server.get(
    "/admin/tenants",
    {
      config: { access: { role: "viewer", scope: "deployment" } },
      schema: {
        tags: ["tenants"],
        summary: "Tenants with events in the log, and those that a policy or a pause names, by name",
        querystring: TenantQuery,
        response: { 200: TenantList },
      },
    },
    async (request): Promise<TenantList> => {
      const { after = null, limit } = request.query;
      return pool.atTenantDesk((desk) => desk.atOneMoment(() => tenantListDocument(desk, defaults, { after, limit })));
    },
  );

  server.get(
    "/admin/tenants/:tenant_id",
    {
      config: viewer,
      schema: { ...about, summary: "What holds for a tenant, and who says so", response: { 200: Tenant } },
    },
    async (request): Promise<Tenant> => {
      const tenantId = tenantIn(request, request.params);
      return pool.atTenantDesk((desk) =>
        desk.atOneMoment(async () => tenantDocument(tenantId, await desk.read(), defaults)),
      );
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
      const { reason, dry_run: isDryRun, ...words } = request.body;
      const said = settingsIn(words);
      if (Object.keys(said).length === 0) throw new HttpProblem(400, "Name a field that is to change, such as weight.");
      return change(tenantId, isDryRun, (desk, book) => desk.say(tenantId, said, book, authorOf(request, reason)));
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
      const { reason, until, dry_run: isDryRun } = request.body;
      const untilMs = until === undefined ? null : Date.parse(instant("until", until));
      return change(tenantId, isDryRun, async (desk, { nowMs }) => {
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
        response: { 200: TenantResumed },
      },
    },
    async (request): Promise<TenantResumed> => {
      const tenantId = tenantIn(request, request.params);
      const { reason, dry_run: isDryRun } = request.body;
      let wasPaused = false;
      const tenant = await change(tenantId, isDryRun, async (desk) => {
        wasPaused = await desk.resume(tenantId, authorOf(request, reason));
      });
      return { ...tenant, was_paused: wasPaused };
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
      return pool.atTenantDesk((desk) =>
        desk.atOneMoment(async () => {
          const [usage] = await usageDocuments(desk, [tenantId], await desk.read(), defaults);
          return usage!;
        }),
      );
    },
  );

  function change(
    tenantId: string,
    isDryRun: boolean | undefined,
    act: (desk: TenantDesk, book: OpenBook) => Promise<unknown>,
  ): Promise<Tenant> {
    return pool.atTenantDesk((desk) =>
      desk.change({ defaults, isKept: isDryRun !== true }, async (book) => {
        await act(desk, book);
        return tenantDocument(tenantId, await desk.read(), defaults);
      }),
    );
  }
}

/** @throws HttpProblem 403 for a tenant that the caller's token is not bound to */
function tenantIn(request: FastifyRequest, { tenant_id: tenantId }: { readonly tenant_id: string }): string {
  return tenantOf(callerOf(request), tenantId)!;
}
