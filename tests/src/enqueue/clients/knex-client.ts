import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromKnex } from "@siding/enqueue/knex.js";
import createKnex, { type Knex } from "knex";
import type { ClientUnderTest, Order } from "./client-under-test.js";

async function placeOrder(knex: Knex, order: Order): Promise<Enqueued> {
  return knex.transaction(async (trx) => {
    await trx("orders").insert(order);
    return enqueue(fromKnex(trx), { topic: "orders.created", payload: order });
  });
}

export const knexClient: ClientUnderTest = {
  name: "Knex",
  async connect(url) {
    const knex = createKnex({ client: "pg", connection: url, pool: { min: 0, max: 2 } });
    return {
      transaction: (work) =>
        knex.transaction((trx) => work({ outbox: fromKnex(trx), insertOrder: (order) => trx("orders").insert(order) })),
      placeOrder: (order) => placeOrder(knex, order),
      // @ts-expect-error knex itself is no transaction
      withoutTransaction: () => fromKnex(knex),
      close: () => knex.destroy(),
    };
  },
};
