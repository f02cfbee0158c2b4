import type pg from "pg";
import type { Checker } from "./checker.js";
import { ORDERS_A_TENANT, SAMPLE_TENANTS, SAMPLE_TOPICS } from "./sample-tenants.js";

/** Runs that begin and end at once take turns: the word "siding" in ASCII, and one. */
const TAKE_TURNS = "select pg_advisory_xact_lock(126879372408424)";

/** The business table, and this run's rows in it. Two runs on one database keep apart by the first column. */
export async function layOutOrders(pool: pg.Pool, run: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(TAKE_TURNS);
    await client.query(`
      create schema if not exists siding_dev;
      create table if not exists siding_dev.orders (
        run text not null,
        tenant_id text not null,
        order_id text not null,
        version integer not null default 0,
        payments integer not null default 0,
        total_cents bigint not null default 0,
        primary key (run, tenant_id, order_id)
      )`);
    await client.query(
      `insert into siding_dev.orders (run, tenant_id, order_id)
      select $1, t, 'order-' || n from unnest($2::text[]) t, generate_series(1, $3::int) n`,
      [run, SAMPLE_TENANTS.map((tenant) => tenant.tenantId), ORDERS_A_TENANT],
    );
  });
}

/** Holds the checker's books against what the business rows say was committed. */
export async function compareWithOrders(pool: pg.Pool, run: string, checker: Checker): Promise<void> {
  const { rows } = await pool.query<{ tenant_id: string; order_id: string; version: number; payments: number }>(
    "select tenant_id, order_id, version, payments from siding_dev.orders where run = $1",
    [run],
  );
  for (const { tenant_id: tenantId, order_id: key, version, payments } of rows) {
    checker.checkAgainstTable({ tenantId, topic: SAMPLE_TOPICS.orders, key }, version);
    checker.checkAgainstTable({ tenantId, topic: SAMPLE_TOPICS.payments, key }, payments);
  }
}

/** Takes this run's rows away, and the table with the last of them. */
export async function removeOrders(pool: pg.Pool, run: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(TAKE_TURNS);
    await client.query("delete from siding_dev.orders where run = $1", [run]);
    const { rowCount } = await client.query("select from siding_dev.orders limit 1");
    // Without cascade: what somebody else keeps in this schema stays, and then so does the schema.
    if (rowCount === 0) await client.query("drop table siding_dev.orders; drop schema siding_dev");
  });
}

async function inTransaction(pool: pg.Pool, act: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await act(client);
    await client.query("commit");
    client.release();
  } catch (error) {
    // The connection goes, and with it the transaction.
    client.release(true);
    throw error;
  }
}
