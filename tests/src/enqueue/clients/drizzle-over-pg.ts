import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromDrizzle } from "@siding/enqueue/drizzle.js";
import { sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";
import pg from "pg";
import type { ClientUnderTest, Order } from "./client-under-test.js";

const orders = pgTable("orders", { id: text().primaryKey(), note: text().notNull() });

async function placeOrder(db: NodePgDatabase, order: Order): Promise<Enqueued> {
  return db.transaction(async (tx) => {
    await tx.insert(orders).values(order);
    return enqueue(fromDrizzle(tx, sql), { topic: "orders.created", payload: order });
  });
}

export const drizzleOverPg: ClientUnderTest = {
  name: "Drizzle over pg",
  async connect(url) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const db = drizzle(pool);
    return {
      transaction: (work) =>
        db.transaction((tx) =>
          work({ outbox: fromDrizzle(tx, sql), insertOrder: (order) => tx.insert(orders).values(order) }),
        ),
      placeOrder: (order) => placeOrder(db, order),
      // @ts-expect-error db itself is no transaction
      withoutTransaction: () => fromDrizzle(db, sql),
      close: () => pool.end(),
    };
  },
};
