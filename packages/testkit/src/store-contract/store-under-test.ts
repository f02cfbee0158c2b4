import type { Cursor } from "@siding/core/cursor/cursor.js";
import type { RelayIdentity, ShardRecord, Store } from "@siding/core/ports/store.js";
import { expect } from "vitest";

/** What a test enqueues; everything else is as the log makes it. */
export interface EventDraft {
  readonly shard: number;
  /** Which tenant of the shard; the first where it is left out. */
  readonly tenant?: 0 | 1;
  /** JSON text. */
  readonly payload?: string;
  readonly topic?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A transaction of an application that has not ended. */
export interface OpenTransaction {
  /** @returns the event's seq */
  enqueue(draft: EventDraft): Promise<bigint>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** A fresh outbox with {@link SHARDS} shards and no event, and what a test does to it from outside. */
export interface StoreUnderTest {
  readonly store: Store;
  begin(): Promise<OpenTransaction>;
  /** Moves the store's clock on, by which leases and retries go. */
  passTime(ms: number): Promise<void>;
  /** An operator asks for everything once more, or for all dead letters. */
  makeJob(kind: "replay" | "redrive"): Promise<void>;
  /** The operator's word after a halt. */
  endHalt(shard: number): Promise<void>;
  close(): Promise<void>;
}

export const SHARDS = 2;
export const LEASE_MS = 60_000;

export function relayNamed(digit: number): RelayIdentity {
  const relayId = `00000000-0000-4000-8000-00000000000${digit}`;
  return { relayId, host: `host-${digit}`, processId: digit, version: "0" };
}
export const ONE = relayNamed(1);
export const TWO = relayNamed(2);

/** One event in a transaction of its own. */
export async function enqueue(outbox: StoreUnderTest, draft: EventDraft): Promise<bigint> {
  const transaction = await outbox.begin();
  const seq = await transaction.enqueue(draft);
  await transaction.commit();
  return seq;
}

export async function claimed(outbox: StoreUnderTest, shard = 0, relay = ONE): Promise<ShardRecord> {
  const record = await outbox.store.claim(shard, relay.relayId, LEASE_MS);
  expect(record, `shard ${shard} was free`).not.toBeNull();
  return record!;
}

/** The shard as its next owner finds it. */
export async function asLeft(outbox: StoreUnderTest, shard = 0): Promise<ShardRecord> {
  await outbox.passTime(2 * LEASE_MS);
  return claimed(outbox, shard, TWO);
}

/** The cursor with another position, so that a test can tell it from where the shard stands. */
export function moved(cursor: Cursor, position: bigint): Cursor {
  return { ...cursor, form: "plain", position };
}
