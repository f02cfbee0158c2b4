import type { AdminPool } from "@siding/store-postgres/admin-pool.js";
import { readAudit } from "@siding/store-postgres/audit-log.js";
import { decodePageCursor, encodePageCursor } from "@siding/store-postgres/page-cursor.js";
import { AuditPage, AuditQuery } from "../../api/audit.js";
import { tenantOf } from "../access.js";
import type { AdminRoutes } from "../admin-routes.js";
import { auditDocument } from "../documents.js";
import { callerOf } from "../guard.js";
import { HttpProblem } from "../http-problem.js";

/** What was changed, by whom and why. */
export function auditRoutes(server: AdminRoutes, { pool }: { readonly pool: AdminPool }): void {
  server.get(
    "/admin/audit",
    {
      config: { access: { role: "operator", scope: "tenant" } },
      schema: {
        tags: ["audit"],
        summary: "Changes, newest first",
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
    },
    async (request): Promise<AuditPage> => {
      const caller = callerOf(request);
      const { limit, cursor, offset: skip = 0, tenant } = request.query;
      if (cursor !== undefined && skip > 0) throw new HttpProblem(400, "Give a cursor or an offset, not both.");
      const tenantId = tenantOf(caller, tenant);
      const question = { list: "audit", tenantId };
      const below = cursor === undefined ? null : decodePageCursor(cursor, question);
      const { entries, nextBelow } = await pool.inspect(caller.tenants, (session) =>
        readAudit(session, { tenantId, below, limit, skip }),
      );
      return {
        entries: entries.map(auditDocument),
        next_cursor: nextBelow === null ? null : encodePageCursor(nextBelow, question),
      };
    },
  );
}
