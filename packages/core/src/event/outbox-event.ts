/** A row of the log, as a relay reads it (design §1). 64-bit numbers are bigint. */
export interface OutboxEvent {
  readonly seq: bigint;
  /** The transaction that wrote the row. */
  readonly xid: bigint;
  readonly eventId: string;
  readonly tenantId: string;
  /** Equal to {@link eventId} where the application gave none. */
  readonly dedupeKey: string;
  readonly topic: string;
  /** The ordering key, or null: then the stable key `tenant:dedupe_key` serves. */
  readonly key: string | null;
  /** The event's own headers, or null where it has none. */
  readonly headers: Readonly<Record<string, string>> | null;
  readonly payload: string | Uint8Array;
  /** Payload, headers and key, in bytes, as counted at enqueue. */
  readonly bytes: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** How often Kafka has refused this event so far. */
  readonly attempts: number;
  /** The job that publishes it once more; absent whenever it goes out as itself. */
  readonly replayJobId?: string;
}

/** The record's key in Kafka (contract, "What arrives in Kafka"). */
export function recordKey(event: OutboxEvent): string {
  return event.key ?? `${event.tenantId}:${event.dedupeKey}`;
}
