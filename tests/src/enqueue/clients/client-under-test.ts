import type { Enqueued, SqlClient } from "@siding/enqueue";

export interface Order {
  readonly id: string;
  readonly note: string;
}

export interface OpenTransaction {
  /** The transaction as `enqueue` takes it. */
  readonly outbox: SqlClient;
  /** The business change that an event goes with, made by the client's own means. */
  insertOrder(order: Order): PromiseLike<unknown>;
}

export interface ConnectedClient {
  /** A transaction of the client's own making: committed once the work is done, rolled back when it throws. */
  transaction<Result>(work: (tx: OpenTransaction) => Promise<Result>): Promise<Result>;
  /** The example of the package's README. */
  placeOrder(order: Order): Promise<Enqueued>;
  /** The mistake to be refused: the client itself where its transaction belongs. */
  withoutTransaction(): SqlClient;
  close(): Promise<void>;
}

export interface ClientUnderTest {
  readonly name: string;
  connect(url: string): Promise<ConnectedClient>;
}
