import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

describe("a tenant's gate", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
  });
  afterAll(() => database.drop());

  const gate = (tenantId: string, backlogMax: number | null, blocked = false) =>
    database.query("insert into siding.gate (tenant_id, backlog_max, blocked) values ($1, $2, $3)", [
      tenantId,
      backlogMax,
      blocked,
    ]);
  const enqueue = (tenantId: string, dedupeKey: string | null = null) =>
    database.query("select * from siding.enqueue('orders', '{}', $1, $2)", [tenantId, dedupeKey]);
  /** Enqueues one by one until refused; answers how many went. */
  async function enqueueUntilRefused(tenantId: string, most: number): Promise<number> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`create function pg_temp.fill(tenant text, most int) returns int language plpgsql as $$
      declare went int := 0;
      begin
        for n in 1..most loop
          perform siding.enqueue('orders', '{}', tenant);
          went := n;
        end loop;
        return went;
      exception when sqlstate 'SD002' then
        return went;
      end $$`);
    const { rows } = await client.query("select pg_temp.fill($1, $2) as went", [tenantId, most]);
    await client.end();
    return rows[0].went;
  }

  test("blocked: nothing is enqueued, and the error says who can change it", async () => {
    await gate("blocked", null, true);
    await expect(enqueue("blocked")).rejects.toMatchObject({
      code: "SD003",
      message: expect.stringContaining("'blocked'"),
      hint: expect.stringContaining("siding tenants set"),
    });
    await expect(
      database.query(`select siding.enqueue_many('[{"topic":"t","payload":1,"tenant_id":"blocked"}]')`),
    ).rejects.toMatchObject({ code: "SD003", message: expect.stringMatching(/^events\[0\]: /) });
    await expect(enqueue("another")).resolves.toHaveLength(1);
  });

  test("a cap up to 1,000 is exact, and holds within one transaction too", async () => {
    await gate("small", 30);
    for (let n = 0; n < 20; n++) await enqueue("small");
    const eleven = JSON.stringify(Array.from({ length: 11 }, () => ({ topic: "t", payload: 1, tenant_id: "small" })));
    await expect(database.query("select siding.enqueue_many($1)", [eleven])).rejects.toMatchObject({
      code: "SD002",
      message: expect.stringMatching(/^events\[10\]: tenant 'small' has reached its cap of 30 pending events/),
      hint: expect.stringContaining("siding tenants show"),
    });
    for (let n = 0; n < 10; n++) await enqueue("small");
    await expect(enqueue("small")).rejects.toMatchObject({ code: "SD002" });
    await expect(enqueue("not capped")).resolves.toHaveLength(1);
  });

  test("who shares a bit of the filter with a gate, and has none, enqueues as ever", async () => {
    const [twin] = await database.query(
      `select 'twin-' || n as id from generate_series(1, 100000) n
       where hashtext('twin-' || n) & 4095 = hashtext('blocked') & 4095 limit 1`,
    );
    await expect(enqueue(twin!.id)).resolves.toHaveLength(1);
  });

  test("a gate that is taken away takes its bit of the filter with it", async () => {
    await gate("gone", 1);
    await database.query("delete from siding.gate where tenant_id = 'gone'");
    const [row] = await database.query(
      "select get_bit(gate_filter, hashtext('gone') & 4095) as bit from siding.deployment",
    );
    expect(row!.bit).toBe(0);
  });

  test("an event that is there already is answered, not refused", async () => {
    await gate("again", 3);
    const [first] = await enqueue("again", "a");
    for (const key of ["b", "c"]) await enqueue("again", key);
    expect(await enqueue("again", "a")).toEqual([{ ...first, duplicate: true }]);
    await expect(enqueue("again", "d")).rejects.toMatchObject({ code: "SD002" });
  });

  test("room comes back with what is published, and with what is rolled back", async () => {
    await gate("room", 5);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query("begin");
    await client.query("select siding.enqueue('t', '1', 'room') from generate_series(1, 5)");
    await client.query("rollback");
    await client.end();
    for (let n = 0; n < 5; n++) await enqueue("room");
    await expect(enqueue("room")).rejects.toMatchObject({ code: "SD002" });
    await database.query(
      `update siding.shard set cursor = row(
         (select max(seq) from siding.event), pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`,
    );
    await expect(enqueue("room")).resolves.toHaveLength(1);
  });

  test("a large cap is met within the stated bound, beside another tenant's events", async () => {
    await gate("large", 20_000);
    await database.query("select siding.enqueue('t', '1', 'noise') from generate_series(1, 10000)");
    const went = await enqueueUntilRefused("large", 30_000);
    expect(went).toBeGreaterThan(20_000 * 0.8);
    expect(went).toBeLessThan(20_000 * 1.2);
  });

  test("transactions of one tenant do not wait for each other", async () => {
    await gate("parallel", 1_000);
    const clients = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = new pg.Client({ connectionString: database.url, statement_timeout: 5_000 });
        await client.connect();
        await client.query("begin");
        return client;
      }),
    );
    for (const client of clients) {
      await client.query("select siding.enqueue('t', '1', 'parallel') from generate_series(1, 50)");
    }
    for (const client of clients) {
      await client.query("commit");
      await client.end();
    }
    const [row] = await database.query("select count(*)::int as n from siding.event where tenant_id = 'parallel'");
    expect(row!.n).toBe(200);
  });
});
