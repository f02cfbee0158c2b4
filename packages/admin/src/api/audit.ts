import { type Static, Type } from "typebox";
import { nextCursor, paging } from "./paging.js";
import { int64, only, orNull, text, time } from "./text.js";

export const AuditQuery = only({ tenant: Type.Optional(text(255)), ...paging });
export type AuditQuery = Static<typeof AuditQuery>;

export const AuditEntry = only({
  audit_id: int64(),
  at: time(),
  actor: Type.String(),
  role: Type.String(),
  action: Type.String(),
  reason: Type.String(),
  tenant_id: orNull(Type.String()),
  subject: Type.String({ description: "what was changed" }),
  before: Type.Unknown(),
  after: Type.Unknown(),
});
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditPage = only({ entries: Type.Array(AuditEntry), next_cursor: nextCursor });
export type AuditPage = Static<typeof AuditPage>;
