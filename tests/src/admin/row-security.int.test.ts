import { statement } from "@siding/store-postgres/sql-file.js";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  for (const tenant of ["a", "b", "c"]) {
    await database.query("select siding.enqueue('orders', '{}', $1) from generate_series(1, 3)", [tenant]);
    await database.query(
      "insert into siding.audit (actor, role, action, reason, tenant_id, subject) values ('x', 'admin', 'y', 'z', $1, $1)",
      [tenant],
    );
  }
  await database.query(
    "insert into siding.audit (actor, role, action, reason, subject) values ('x', 'admin', 'y', 'z', 'all')",
  );
  await database.query(
    "insert into siding.failure select shard, seq, 1, 'e', 'e', now(), null, null from siding.event",
  );
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** As a statement that forgets to ask for the tenant. */
async function seenBy(role: string, table: string, tenants: string | null): Promise<number> {
  await client.query("begin");
  try {
    await client.query(`set local role ${role}`);
    if (tenants !== null) await client.query("select set_config('siding.tenants', $1, true)", [tenants]);
    return (await client.query(`select count(*)::int as n from siding.${table}`)).rows[0].n;
  } finally {
    await client.query("rollback");
  }
}

describe("Postgres itself shows siding_tenant", () => {
  test.each(["event", "failure"])("of %s what belongs to its tenants, and nothing where it has none", async (table) => {
    expect(await seenBy("siding_tenant", table, "{a}")).toBe(3);
    expect(await seenBy("siding_tenant", table, '{a,"b"}')).toBe(6);
    expect(await seenBy("siding_tenant", table, "{}")).toBe(0);
    expect(await seenBy("siding_tenant", table, "{nobody}")).toBe(0);
    expect(await seenBy("siding_tenant", table, "")).toBe(0);
    expect(await seenBy("siding_tenant", table, null)).toBe(0);
  });

  test("of the audit the same, and what concerns everybody to nobody", async () => {
    expect(await seenBy("siding_tenant", "audit", "{a,b}")).toBe(2);
    expect(await seenBy("siding_admin", "audit", null)).toBe(4);
  });

  test.each([
    "select * from siding.admin_token",
    "select * from siding.events",
    "select * from siding.backlog",
    "select planned_tally from siding.shard",
    "select * from siding.relay",
    "insert into siding.audit (actor, role, action, reason, subject) values ('x', 'admin', 'y', 'z', 'w')",
    "update siding.failure set attempts = 0",
    "delete from siding.event",
    "set role siding_admin; insert into siding.event default values",
  ])("nothing of: %s", async (sql) => {
    await client.query("set role siding_tenant");
    try {
      await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    } finally {
      await client.query("reset role");
    }
  });
});

describe("relays and administrators", () => {
  test.each(["siding_relay", "siding_admin"])("%s sees every tenant", async (role) => {
    expect(await seenBy(role, "event", null)).toBe(9);
    expect(await seenBy(role, "failure", null)).toBe(9);
  });

  test.each([
    [
      "siding_relay",
      [
        "read-plain-page",
        "read-window-page",
        "read-failures",
        "read-lane-pages",
        "retention-trim",
        "due",
        "prepare",
        "promote",
        "record-failures",
      ],
    ],
    [
      "siding_admin",
      ["inspect-by-tenant", "inspect-by-key", "inspect-by-shard", "inspect-dead", "inspect-details", "status-shards"],
    ],
  ])("%s: no statement reads along another index, or sorts, for the policies' sake", async (role, names) => {
    const plans = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const name of names) {
        await client.query(`prepare planned as ${statement(name).text}`);
        const { rows } = await client.query(
          "select cardinality(parameter_types) as n from pg_prepared_statements where name = 'planned'",
        );
        const values = rows[0].n === 0 ? "" : `(${Array(rows[0].n).fill("null").join(", ")})`;
        const plan = await client.query(`explain (costs off) execute planned${values}`);
        // Behind a policy conditions that are not leakproof come last among those of a row: another order, not another plan.
        found.push(plan.rows.map((row) => row["QUERY PLAN"].replace(/Filter: .*/, "Filter")).join("\n"));
        await client.query("deallocate planned");
      }
      return found;
    };
    await client.query("set plan_cache_mode = force_generic_plan");
    await client.query(`set role ${role}`);
    const walled = await plans();
    await client.query(
      "reset role; begin; alter table siding.event disable row level security; alter table siding.failure disable row level security; alter table siding.lane disable row level security",
    );
    await client.query(`set role ${role}`);
    expect(await plans()).toEqual(walled);
    await client.query("rollback; reset role; reset plan_cache_mode");
  });
});
