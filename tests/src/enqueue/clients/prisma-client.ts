import { PrismaPg } from "@prisma/adapter-pg";
import { type Enqueued, enqueue } from "@siding/enqueue";
import { fromPrisma } from "@siding/enqueue/prisma.js";
import { PrismaClient } from "../prisma-client/client.js";
import type { ClientUnderTest, Order } from "./client-under-test.js";

async function placeOrder(prisma: PrismaClient, order: Order): Promise<Enqueued> {
  return prisma.$transaction(async (tx) => {
    await tx.$executeRaw`insert into orders (id, note) values (${order.id}, ${order.note})`;
    return enqueue(fromPrisma(tx), { topic: "orders.created", payload: order });
  });
}

export const prismaClient: ClientUnderTest = {
  name: "Prisma",
  async connect(url) {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 2 }) });
    return {
      transaction: (work) =>
        prisma.$transaction((tx) =>
          work({
            outbox: fromPrisma(tx),
            insertOrder: ({ id, note }) => tx.$executeRaw`insert into orders (id, note) values (${id}, ${note})`,
          }),
        ),
      placeOrder: (order) => placeOrder(prisma, order),
      // @ts-expect-error the client itself is no transaction
      withoutTransaction: () => fromPrisma(prisma),
      close: () => prisma.$disconnect(),
    };
  },
};
