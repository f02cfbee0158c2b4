import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Publisher, ShardPublisher } from "@siding/core/ports/publisher.js";

/** A record as a consumer with read_committed sees it. */
export interface SeenRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Brokers, and a deployment on them that nobody has used. */
export interface PublisherUnderTest {
  /** The way of one relay to the brokers; closed by the test file with everything else. */
  connect(): Promise<Publisher>;
  /** What is published to a shard before the test begins, so that the shard is in the state that is tested. */
  warmUp?(opened: ShardPublisher): Promise<void>;
  /** @param recordBytesMax what the broker takes for this topic; the client knows nothing of it */
  createTopic(topic: string, recordBytesMax?: number): Promise<void>;
  /** Resolves once `count` records are there and no more come, or none come for long. */
  read(topic: string, count: number): Promise<readonly SeenRecord[]>;
  close(): Promise<void>;
}

export const SHARDS = 32;

let made = 0n;

/** @param bytes how large its payload is */
export function eventFor(topic: string, value: string, { key = "k", bytes = 0 } = {}): OutboxEvent {
  made += 1n;
  const eventId = `00000000-0000-7000-8000-${String(made).padStart(12, "0")}`;
  // Not to be compressed away.
  let filling = "";
  for (let n = 1; filling.length < bytes; n++) filling += ((n * 2_654_435_761) % 4_294_967_296).toString(36);
  return {
    seq: made,
    xid: 1n,
    eventId,
    tenantId: "acme",
    dedupeKey: eventId,
    topic,
    key,
    headers: null,
    payload: JSON.stringify(filling === "" ? value : [value, filling]),
    bytes: bytes + 100,
    createdAt: "2026-01-01T00:00:00.000Z",
    attempts: 0,
  };
}
