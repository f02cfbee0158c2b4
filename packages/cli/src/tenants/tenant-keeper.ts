import type { Tenant, TenantList } from "@siding/admin/api/tenant.js";
import type { AdminClient } from "@siding/admin/client/admin-client.js";
import { wordsOf } from "@siding/admin/server/policy-words.js";
import { tenantDocument, tenantListDocument, usageDocuments } from "@siding/admin/server/tenant-documents.js";
import { SidingError } from "@siding/core/errors.js";
import type { PolicySettings } from "@siding/core/policy/policy.js";
import { type OpenBook, type TenantDesk, withTenantDesk } from "@siding/store-postgres/tenant-desk.js";
import { authorHere } from "../operator-word.js";
import { type DatabaseTarget, loadTarget } from "../target.js";
import { type How, relayDefaults } from "./change-policies.js";

/** What holds for a tenant, and how it is. */
export type ShownTenant = TenantList["tenants"][number];

/** Where tenants are looked after, asked directly or through an admin API: answers are the same to the letter. */
export interface TenantKeeper {
  /** Named where an operator is asked. */
  readonly where: string;
  list(query: { readonly after: string | null; readonly limit: number }): Promise<TenantList>;
  show(tenantId: string): Promise<ShownTenant>;
  /** What held and what holds then. */
  say(
    tenantId: string,
    said: Partial<PolicySettings>,
    how: How,
  ): Promise<{ readonly before: Tenant; readonly after: Tenant }>;
  /** @param forMs null: until it is resumed */
  pause(tenantId: string, forMs: number | null, how: How): Promise<Tenant>;
  /** @throws SIDING_USAGE where the tenant is not paused */
  resume(tenantId: string, how: How): Promise<Tenant>;
}

type Keeping = Omit<TenantKeeper, "where">;

/** The keeper that the flags lead to. */
export function tenantKeeper(flags: object): TenantKeeper {
  const target = loadTarget(flags);
  return { where: target.where, ...(target.kind === "api" ? remoteTenants(target.api) : localTenants(target)) };
}

function localTenants({ databaseUrl, config }: DatabaseTarget): Keeping {
  const defaults = relayDefaults(config);
  const look = <T>(ask: (desk: TenantDesk) => Promise<T>): Promise<T> =>
    withTenantDesk(databaseUrl, (desk) => desk.atOneMoment(() => ask(desk)));
  const change = (
    tenantId: string,
    { isDryRun }: How,
    act: (desk: TenantDesk, book: OpenBook) => Promise<void>,
  ): Promise<Tenant> =>
    withTenantDesk(databaseUrl, (desk) =>
      desk.change({ defaults, isKept: !isDryRun }, async (book) => {
        await act(desk, book);
        return tenantDocument(tenantId, await desk.read(), defaults);
      }),
    );
  return {
    list: (query) => look((desk) => tenantListDocument(desk, defaults, query)),
    show: (tenantId) =>
      look(async (desk) => {
        const book = await desk.read();
        const [usage] = await usageDocuments(desk, [tenantId], book, defaults);
        return { tenant: tenantDocument(tenantId, book, defaults), usage: usage! };
      }),
    say: async (tenantId, said, how) => {
      let before: Tenant | undefined;
      const after = await change(tenantId, how, async (desk, book) => {
        before = tenantDocument(tenantId, book, defaults);
        await desk.say(tenantId, said, book, authorHere(how.reason));
      });
      return { before: before!, after };
    },
    pause: (tenantId, forMs, how) =>
      change(tenantId, how, (desk, { nowMs }) =>
        desk.pause(tenantId, authorHere(how.reason), forMs === null ? null : nowMs + forMs),
      ),
    resume: (tenantId, how) =>
      change(tenantId, how, async (desk) => {
        if (!(await desk.resume(tenantId, authorHere(how.reason)))) throw notPaused(tenantId);
      }),
  };
}

function remoteTenants(api: AdminClient): Keeping {
  const word = ({ reason, isDryRun }: How) => ({ reason, dry_run: isDryRun });
  return {
    list: ({ after, limit }) => api.tenants({ limit, ...(after === null ? {} : { after }) }),
    show: async (tenantId) => ({ tenant: await api.tenant(tenantId), usage: await api.tenantUsage(tenantId) }),
    // Without its usage: a count that takes too long must not keep anybody from blocking a tenant.
    say: async (tenantId, said, how) => ({
      before: await api.tenant(tenantId),
      after: await api.patchTenant(tenantId, { ...wordsOf(said), ...word(how) }),
    }),
    pause: async (tenantId, forMs, how) => {
      if (forMs === null) return api.pauseTenant(tenantId, word(how));
      // From Postgres' clock on, which decides when it is over.
      const { at } = await api.tenantUsage(tenantId);
      const until = new Date(Date.parse(at) + forMs).toISOString();
      return api.pauseTenant(tenantId, { until, ...word(how) });
    },
    resume: async (tenantId, how) => {
      const { was_paused: wasPaused, ...tenant } = await api.resumeTenant(tenantId, word(how));
      if (!wasPaused) throw notPaused(tenantId);
      return tenant;
    },
  };
}

function notPaused(tenantId: string): SidingError {
  return new SidingError("SIDING_USAGE", `tenant ${JSON.stringify(tenantId)} is not paused`);
}
