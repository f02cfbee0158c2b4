import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromPostgresJs } from "@siding/enqueue/postgres-js.js";
import postgres from "postgres";
import type { ClientUnderTest, ConnectedClient, Order } from "./client-under-test.js";

async function placeOrder(sql: postgres.Sql, order: Order): Promise<Enqueued> {
  return sql.begin(async (tx) => {
    await tx`insert into orders (id, note) values (${order.id}, ${order.note})`;
    return enqueue(fromPostgresJs(tx), { topic: "orders.created", payload: order });
  });
}

export const postgresJsClient: ClientUnderTest = {
  name: "postgres.js",
  async connect(url) {
    const sql = postgres(url, { max: 2 });
    return {
      transaction: (async (work) =>
        sql.begin((tx) =>
          work({
            outbox: fromPostgresJs(tx),
            insertOrder: ({ id, note }) => tx`insert into orders (id, note) values (${id}, ${note})`,
          }),
        )) as ConnectedClient["transaction"], // begin() types its result as unwrapped once more
      placeOrder: (order) => placeOrder(sql, order),
      // @ts-expect-error sql itself is no transaction
      withoutTransaction: () => fromPostgresJs(sql),
      close: () => sql.end(),
    };
  },
};
