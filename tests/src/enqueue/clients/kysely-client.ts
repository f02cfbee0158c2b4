import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromKysely } from "@siding/enqueue/kysely.js";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { ClientUnderTest, Order } from "./client-under-test.js";

interface Database {
  orders: Order;
}

async function placeOrder(db: Kysely<Database>, order: Order): Promise<Enqueued> {
  return db.transaction().execute(async (trx) => {
    await trx.insertInto("orders").values(order).execute();
    return enqueue(fromKysely(trx), { topic: "orders.created", payload: order });
  });
}

export const kyselyClient: ClientUnderTest = {
  name: "Kysely",
  async connect(url) {
    const dialect = new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 2 }) });
    // The plugin most in use renames columns: an answer must come through it whole.
    const db = new Kysely<Database>({ dialect, plugins: [new CamelCasePlugin()] });
    return {
      transaction: (work) =>
        db.transaction().execute((trx) =>
          work({
            outbox: fromKysely(trx),
            insertOrder: (order) => trx.insertInto("orders").values(order).execute(),
          }),
        ),
      placeOrder: (order) => placeOrder(db, order),
      // @ts-expect-error db itself is no transaction
      withoutTransaction: () => fromKysely(db),
      close: () => db.destroy(),
    };
  },
};
