import { type Enqueued, enqueue, enqueueMany, type JsonPayload, type SqlClient } from "@siding/enqueue";
import { fromDrizzle } from "@siding/enqueue/drizzle.js";
import type { fromKysely } from "@siding/enqueue/kysely.js";
import type { fromPrisma } from "@siding/enqueue/prisma.js";
import type { fromTypeOrm } from "@siding/enqueue/typeorm.js";
import type { ControlledTransaction } from "kysely";
import type pg from "pg";
import type { DataSource, EntityManager, QueryRunner } from "typeorm";
import { expectTypeOf, test } from "vitest";
import type { Prisma, PrismaClient } from "./prisma-client/client.js";

// Checked by the compiler (`npm run check`): running this file proves nothing. Here and not beside the source, since the
// clients' own types are needed.

test("a pg client fits as it is, a pool does not", () => {
  expectTypeOf<pg.Client>().toExtend<SqlClient>();
  expectTypeOf<pg.PoolClient>().toExtend<SqlClient>();
  expectTypeOf<pg.Pool>().not.toExtend<SqlClient>();
  expectTypeOf<DataSource>().not.toExtend<SqlClient>();
});

test("every kind of transaction a client has can be wrapped, and the client itself cannot", () => {
  expectTypeOf<Prisma.TransactionClient>().toExtend<Parameters<typeof fromPrisma>[0]>();
  expectTypeOf<PrismaClient>().not.toExtend<Parameters<typeof fromPrisma>[0]>();
  expectTypeOf<ControlledTransaction<{ orders: { id: string } }>>().toExtend<Parameters<typeof fromKysely>[0]>();
  expectTypeOf<EntityManager>().toExtend<Parameters<typeof fromTypeOrm>[0]>();
  expectTypeOf<QueryRunner>().toExtend<Parameters<typeof fromTypeOrm>[0]>();
  expectTypeOf<DataSource>().not.toExtend<Parameters<typeof fromTypeOrm>[0]>();
  expectTypeOf(fromDrizzle).returns.toEqualTypeOf<SqlClient>();
});

test("what cannot be JSON at all is refused by the compiler", () => {
  interface OrderInterface {
    readonly id: number;
    readonly lines: readonly { readonly price: number }[];
    readonly note?: string;
  }
  class OrderClass {
    readonly id = 1;
    readonly at = new Date(0);
  }
  expectTypeOf<OrderInterface>().toExtend<JsonPayload>();
  expectTypeOf<OrderClass>().toExtend<JsonPayload>();
  expectTypeOf<readonly OrderInterface[]>().toExtend<JsonPayload>();
  expectTypeOf<bigint>().not.toExtend<JsonPayload>();
  expectTypeOf<undefined>().not.toExtend<JsonPayload>();
  expectTypeOf<symbol>().not.toExtend<JsonPayload>();
  expectTypeOf<Uint8Array>().not.toExtend<JsonPayload>();
  expectTypeOf<Buffer>().not.toExtend<JsonPayload>();
});

test("an event is JSON, or bytes with their content type", () => {
  expectTypeOf(enqueue).returns.resolves.toEqualTypeOf<Enqueued>();
  expectTypeOf(enqueueMany).returns.resolves.toEqualTypeOf<Enqueued[]>();
  type Event = Parameters<typeof enqueue>[1];
  expectTypeOf({ topic: "t", payload: { nested: [{ a: 1 }] } }).toExtend<Event>();
  expectTypeOf({ topic: "t", payload: null, tenantId: undefined }).toExtend<Event>();
  expectTypeOf({ topic: "t", payload: Buffer.from("x"), contentType: "x/y" }).toExtend<Event>();
  expectTypeOf({ topic: "t", payload: Buffer.from("x") }).not.toExtend<Event>();
  expectTypeOf({ topic: "t", payload: 1, contentType: "x/y" }).not.toExtend<Event>();
  expectTypeOf({ topic: "t", payload: Buffer.from("x"), contentType: "x/y" }).not.toExtend<
    Parameters<typeof enqueueMany>[1][number]
  >();
});

test("a literal is taken as it is written", () => {
  const check = async (tx: SqlClient) => {
    await enqueue(tx, { topic: "t", payload: { id: 1, lines: [{ price: 2 }] }, headers: { traceparent: "00-…" } });
    await enqueueMany(tx, [{ topic: "t", payload: { id: 1 } }]);
    // @ts-expect-error a misspelt option
    await enqueue(tx, { topic: "t", payload: {}, dedupekey: "x" });
    // @ts-expect-error headers are text
    await enqueue(tx, { topic: "t", payload: {}, headers: { n: 1 } });
  };
  expectTypeOf(check).toBeFunction();
});
