import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromDrizzle } from "@siding/enqueue/drizzle.js";
import { sql } from "drizzle-orm";
import { pgTable, text } from "drizzle-orm/pg-core";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { ClientUnderTest, Order } from "./client-under-test.js";

const orders = pgTable("orders", { id: text().primaryKey(), note: text().notNull() });

async function placeOrder(db: PostgresJsDatabase, order: Order): Promise<Enqueued> {
  return db.transaction(async (tx) => {
    await tx.insert(orders).values(order);
    return enqueue(fromDrizzle(tx, sql), { topic: "orders.created", payload: order });
  });
}

export const drizzleOverPostgresJs: ClientUnderTest = {
  name: "Drizzle over postgres.js",
  async connect(url) {
    const client = postgres(url, { max: 2 });
    const db = drizzle(client);
    return {
      transaction: (work) =>
        db.transaction((tx) =>
          work({ outbox: fromDrizzle(tx, sql), insertOrder: (order) => tx.insert(orders).values(order) }),
        ),
      placeOrder: (order) => placeOrder(db, order),
      // @ts-expect-error db itself is no transaction
      withoutTransaction: () => fromDrizzle(db, sql),
      close: () => client.end(),
    };
  },
};
