import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import { Relays, Status } from "../../api/deployment.js";
import type { AdminRoutes } from "../admin-routes.js";
import { relaysDocument, statusDocument } from "../documents.js";

/** How many tenants of the backlog are named. */
const TENANTS_SHOWN = 20;

/** How the whole deployment is: for those who may see every tenant. */
export function deploymentRoutes(server: AdminRoutes, { pool }: { readonly pool: AdminPool }): void {
  server.get(
    "/admin/status",
    {
      config: { access: { role: "viewer", scope: "deployment" } },
      schema: { tags: ["deployment"], summary: "Relays, shards, lag and backlog", response: { 200: Status } },
    },
    async (): Promise<Status> => statusDocument(await pool.status(TENANTS_SHOWN)),
  );

  server.get(
    "/admin/relays",
    {
      config: { access: { role: "viewer", scope: "deployment" } },
      schema: { tags: ["deployment"], summary: "Relays, and the shards that they hold", response: { 200: Relays } },
    },
    async (): Promise<Relays> => relaysDocument(await pool.relays()),
  );
}
