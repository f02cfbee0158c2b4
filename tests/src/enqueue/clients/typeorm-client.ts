import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromTypeOrm } from "@siding/enqueue/typeorm.js";
import { DataSource, EntitySchema } from "typeorm";
import type { ClientUnderTest, Order } from "./client-under-test.js";

const orderEntity = new EntitySchema<Order>({
  name: "Order",
  tableName: "orders",
  columns: { id: { type: "text", primary: true }, note: { type: "text" } },
});

async function placeOrder(dataSource: DataSource, order: Order): Promise<Enqueued> {
  return dataSource.transaction(async (manager) => {
    await manager.insert(orderEntity, order);
    return enqueue(fromTypeOrm(manager), { topic: "orders.created", payload: order });
  });
}

export const typeOrmClient: ClientUnderTest = {
  name: "TypeORM",
  async connect(url) {
    const dataSource = new DataSource({ type: "postgres", url, entities: [orderEntity], poolSize: 2 });
    await dataSource.initialize();
    return {
      transaction: (work) =>
        dataSource.transaction((manager) =>
          work({ outbox: fromTypeOrm(manager), insertOrder: (order) => manager.insert(orderEntity, order) }),
        ),
      placeOrder: (order) => placeOrder(dataSource, order),
      withoutTransaction: () => fromTypeOrm(dataSource.manager),
      close: () => dataSource.destroy(),
    };
  },
};
