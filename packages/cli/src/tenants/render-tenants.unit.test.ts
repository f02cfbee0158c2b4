import { tenantDocument } from "@siding/admin/server/tenant-documents.js";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import { expect, test } from "vitest";
import { renderTenants } from "./render-tenants.js";

test("a tenant's name moves no cursor of the terminal, in the list or behind it", () => {
  const name = "evil\u001b[2J";
  const book = { policies: [], pauses: new Map(), gates: new Map(), authors: new Map(), version: 1n, nowMs: 0 };
  const usage = {
    tenant_id: name,
    at: "2026-01-01T00:00:00.000Z",
    pending: "0",
    counted_to: "10000",
    lag_ms: null,
    lane: null,
    quota: { events: null, bytes: null },
  };
  const tenant = tenantDocument(name, book, defaultFields("none"));
  const list = { tenants: [{ tenant, usage }], counted_to: "10000", next_after: name };
  const shown = renderTenants(list, { width: undefined, color: false });
  expect(shown).toContain("there may be more: --after evil");
  expect(shown).not.toContain("\u001b");
});
