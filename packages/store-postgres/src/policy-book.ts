import type { Admission } from "@siding/core/policy/settle-policy.js";
import type { Pause } from "@siding/core/policy/tenant-policy.js";
import type { PolicyBook } from "@siding/core/ports/policy-source.js";
import type pg from "pg";
import { AS_TEXT } from "./admin-session.js";
import { type PolicyAuthor, type PolicyRow, policyOf } from "./policy-row.js";
import { statement } from "./sql-file.js";

export const READ_POLICIES = statement("read-policies");
export const SET_GATES = statement("set-gates");

/** What the statement read-policies answers. Its book is null where the version is the one that was known. */
export interface ReadBook {
  readonly nowMs: number;
  readonly book: PolicyBook | null;
  /** By policy, for whoever shows them to an operator. */
  readonly authors: ReadonlyMap<string, PolicyAuthor>;
}

export function parseBook([now, version, policies, pauses, gates]: readonly (string | null)[]): ReadBook {
  const nowMs = Number(now);
  if (policies == null) return { nowMs, book: null, authors: new Map() };
  const rows: (PolicyRow & { actor: string; reason: string; changed_at: string })[] = JSON.parse(policies);
  const paused: [string, string, string, number | null][] = JSON.parse(pauses!);
  const gated: [string, number | null, boolean][] = JSON.parse(gates!);
  const book = {
    version: BigInt(version!),
    policies: rows.map(policyOf),
    pauses: new Map<string, Pause>(
      paused.map(([tenantId, actor, reason, untilMs]) => [tenantId, { actor, reason, untilMs }]),
    ),
    gates: new Map<string, Admission>(
      gated.map(([tenantId, backlogMax, blocked]) => [tenantId, { backlogMax, blocked }]),
    ),
  };
  const authors = rows.map(
    ({ name, actor, reason, changed_at: changedAt }) => [name, { actor, reason, changedAt }] as const,
  );
  return { nowMs, book, authors: new Map(authors) };
}

/** The book as it is, on a connection that is there already. @throws what pg throws */
export async function readBookOn(client: pg.ClientBase): Promise<ReadBook & { readonly book: PolicyBook }> {
  const query = { text: READ_POLICIES.text, values: [null], rowMode: "array" as const, types: AS_TEXT };
  const { rows } = await client.query<(string | null)[]>(query);
  const read = parseBook(rows[0]!);
  // Asked for without a version that is known, it comes whole.
  return { ...read, book: read.book! };
}

/** The parameters of set-gates. */
export function gateValues(version: bigint, gates: ReadonlyMap<string, Admission>): unknown[] {
  const entries = [...gates];
  return [
    String(version),
    entries.map(([tenantId]) => tenantId),
    entries.map(([, { backlogMax }]) => backlogMax),
    entries.map(([, { blocked }]) => blocked),
  ];
}
