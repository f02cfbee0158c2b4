import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OTHER_TENANTS, TenantLabels } from "./tenant-labels.js";

const LIMITS = { namedTenantsMax: 2, countedTenantsMax: 8, eventsBetweenLooks: 100 };

describe("tenant labels", () => {
  test("while there is room every tenant keeps its name", () => {
    const labels = new TenantLabels(() => {}, LIMITS);
    expect(["a", "b", "c"].map((tenant) => labels.labelFor(tenant, 1))).toEqual(["a", "b", OTHER_TENANTS]);
  });

  test("by default 200 tenants keep their names", () => {
    const labels = new TenantLabels(() => {});
    const shown = Array.from({ length: 500 }, (_, index) => labels.labelFor(`tenant-${index}`, 1));
    expect(shown.filter((label) => label !== OTHER_TENANTS)).toHaveLength(200);
  });

  test("a tenant that is much busier takes the name of the quietest, whose series ends", () => {
    const lost: string[] = [];
    const labels = new TenantLabels((tenant) => lost.push(tenant), LIMITS);
    labels.labelFor("quiet", 1);
    labels.labelFor("steady", 30);
    expect(labels.labelFor("late", 40)).toBe(OTHER_TENANTS);
    expect(labels.labelFor("late", 40)).toBe("late");
    expect(lost).toEqual(["quiet"]);
    expect(labels.labelFor("quiet", 1)).toBe(OTHER_TENANTS);
    expect(labels.labelFor("steady", 1)).toBe("steady");
  });

  test("tenants of one size never swap names", () => {
    const lost: string[] = [];
    const labels = new TenantLabels((tenant) => lost.push(tenant), LIMITS);
    for (let round = 0; round < 1_000; round += 1) {
      for (const tenant of ["a", "b", "c", "d"]) labels.labelFor(tenant, 1);
    }
    expect(lost).toEqual([]);
  });

  test("one busy tenant gets its name among any number of tenants seen once", () => {
    const labels = new TenantLabels(() => {}, LIMITS);
    let label = "";
    for (let round = 0; round < 1_000; round += 1) {
      labels.labelFor(`passer-by-${round}`, 1);
      label = labels.labelFor("busy", 1);
    }
    expect(label).toBe("busy");
  });

  test("a tenant that was busy and fell silent gives its name up", () => {
    const labels = new TenantLabels(() => {}, LIMITS);
    for (const tenant of ["was-busy-1", "was-busy-2"]) labels.labelFor(tenant, 1_000_000);
    for (let round = 0; round < 5_000; round += 1) labels.labelFor("now", 1);
    expect(labels.labelFor("now", 1)).toBe("now");
  });

  test("a tenant called other is one of the others", () => {
    const labels = new TenantLabels(() => {}, LIMITS);
    expect(labels.labelFor(OTHER_TENANTS, 1)).toBe(OTHER_TENANTS);
    expect([labels.labelFor("a", 1), labels.labelFor("b", 1)]).toEqual(["a", "b"]);
  });

  test("never are more series alive than names", () => {
    const traffic = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 90 })), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(traffic, (batches) => {
        const alive = new Set<string>();
        const labels = new TenantLabels((tenant) => alive.delete(tenant), LIMITS);
        for (const [tenant, events] of batches) {
          const label = labels.labelFor(`t${tenant}`, events);
          if (label !== OTHER_TENANTS) alive.add(label);
          expect(alive.size).toBeLessThanOrEqual(LIMITS.namedTenantsMax);
        }
      }),
    );
  });
});
