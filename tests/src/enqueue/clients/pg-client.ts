import { type Enqueued, enqueue } from "@siding/enqueue";
import pg from "pg";
import type { ClientUnderTest, ConnectedClient, Order } from "./client-under-test.js";

async function placeOrder(pool: pg.Pool, order: Order): Promise<Enqueued> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("insert into orders (id, note) values ($1, $2)", [order.id, order.note]);
    const enqueued = await enqueue(client, { topic: "orders.created", payload: order });
    await client.query("commit");
    return enqueued;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

export const pgClient: ClientUnderTest = {
  name: "pg",
  async connect(url) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    return {
      async transaction(work) {
        const client = await pool.connect();
        try {
          await client.query("begin");
          const result = await work({
            outbox: client,
            insertOrder: ({ id, note }) => client.query("insert into orders (id, note) values ($1, $2)", [id, note]),
          });
          await client.query("commit");
          return result;
        } catch (error) {
          await client.query("rollback");
          throw error;
        } finally {
          client.release();
        }
      },
      placeOrder: (order) => placeOrder(pool, order),
      // @ts-expect-error a pool is no transaction
      withoutTransaction: (): ReturnType<ConnectedClient["withoutTransaction"]> => pool,
      close: () => pool.end(),
    };
  },
};
