import { notInTransaction } from "./run-statement.js";
import type { SqlClient } from "./sql-client.js";

/** What `prisma.$transaction` gives its callback. It lacks `$connect`, which tells it from the client itself. */
export interface PrismaTransaction {
  readonly $connect?: never;
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
}

/**
 * Wraps an interactive transaction of Prisma. (The form that takes a list, `$transaction([…])`, cannot hold an enqueue.)
 *
 * ```ts
 * await prisma.$transaction((tx) => enqueue(fromPrisma(tx), { topic: "orders.created", payload: order }));
 * ```
 *
 * @throws EnqueueError SD001 for anything but a transaction
 */
export function fromPrisma(tx: PrismaTransaction): SqlClient {
  if (tx.$connect !== undefined) {
    throw notInTransaction("the Prisma client", "Pass what prisma.$transaction() gives its callback.");
  }
  // "Unsafe" is for text made of values; this text is fixed, and its values travel apart from it.
  return { query: (text, values) => tx.$queryRawUnsafe(text, ...values) as PromiseLike<readonly object[]> };
}
