/** An embedded Postgres or Kafka could not be had; the message is one line that says what, where and what to do. */
export class ServiceStartError extends Error {
  override readonly name = "ServiceStartError";
}
