import type { TextRow } from "./admin-session.js";
import type { InspectionSession } from "./inspection-session.js";
import { statement } from "./sql-file.js";

/** A change that somebody made. */
export interface AuditEntry {
  readonly auditId: bigint;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly actor: string;
  readonly role: string;
  readonly action: string;
  readonly reason: string;
  /** Null where it concerns no one tenant. */
  readonly tenantId: string | null;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface AuditWanted {
  readonly tenantId: string | undefined;
  /** Only entries below this id; null from the newest on. */
  readonly below: bigint | null;
  readonly limit: number;
  readonly skip: number;
}

const LIST = statement("audit-list");
const ID_MAX = 2n ** 63n - 1n;

/** A page of what was changed, newest first. @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_USAGE */
export async function readAudit(
  session: InspectionSession,
  { tenantId, below, limit, skip }: AuditWanted,
): Promise<{ readonly entries: readonly AuditEntry[]; readonly nextBelow: bigint | null }> {
  return session.atOneMoment(async () => {
    // One more tells whether there is another page.
    const rows = await session.run(LIST, [String(below ?? ID_MAX), tenantId ?? null, limit + 1, skip]);
    const entries = rows.slice(0, limit).map(auditEntry);
    return { entries, nextBelow: rows.length > limit ? entries.at(-1)!.auditId : null };
  });
}

function auditEntry(row: TextRow): AuditEntry {
  return {
    auditId: BigInt(row.audit_id!),
    at: row.at!,
    actor: row.actor!,
    role: row.role!,
    action: row.action!,
    reason: row.reason!,
    tenantId: row.tenant_id ?? null,
    subject: row.subject!,
    before: row.before == null ? null : JSON.parse(row.before),
    after: row.after == null ? null : JSON.parse(row.after),
  };
}
