import type { OutboxEvent } from "@siding/core/event/outbox-event.js";

/** What the application knows of an event that it enqueued. Moments are counted, so that no two are equal. */
interface Enqueued {
  readonly event: OutboxEvent;
  readonly insertedAt: number;
  committedAt: number | null;
}

/**
 * What a read_committed consumer has seen, held against what the applications committed: nothing that was not committed,
 * nothing twice, and in the order of each key.
 *
 * The order that is claimed: if a transaction had committed before another one inserted its event of the same tenant,
 * topic and key, its events arrive first; and the events of one transaction arrive as they were inserted. A lock held
 * on the key makes this the whole order of the key.
 */
export class Arrivals {
  readonly #enqueued = new Map<string, Enqueued>();
  readonly #arrived = new Map<string, Enqueued>();
  /** Of each key: the latest insertion among what has arrived, and each transaction's latest. */
  readonly #latest = new Map<string, { insertedAt: number; readonly byXid: Map<bigint, number> }>();
  readonly #mayRepeat: boolean;
  #moment = 0;
  #committedCount = 0;

  constructor(mayRepeat: boolean) {
    this.#mayRepeat = mayRepeat;
  }

  inserted(event: OutboxEvent): void {
    this.#enqueued.set(event.eventId, { event, insertedAt: this.#moment++, committedAt: null });
  }

  committed(events: readonly OutboxEvent[]): void {
    const committedAt = this.#moment++;
    this.#committedCount += events.length;
    for (const { eventId } of events) this.#enqueued.get(eventId)!.committedAt = committedAt;
  }

  /** Answers what is wrong with this arrival, or null. */
  arrive(shard: number, record: OutboxEvent): string | null {
    const known = this.#enqueued.get(record.eventId);
    const isRepeated = this.#arrived.has(record.eventId);
    const broken = this.arriveLate(shard, record);
    if (broken !== null || isRepeated) return broken;
    return this.#orderBroken(known!, known!.committedAt!);
  }

  /** As {@link arrive}, for a dead letter that is published after all: others have passed it. */
  arriveLate(shard: number, record: OutboxEvent): string | null {
    const known = this.#enqueued.get(record.eventId);
    if (known?.committedAt == null) return `${record.eventId} arrived, and its transaction was not committed`;
    if (this.#arrived.has(record.eventId)) {
      return this.#mayRepeat ? null : `${record.eventId} of shard ${shard} arrived twice`;
    }
    this.#arrived.set(record.eventId, known);
    return null;
  }

  has(eventId: string): boolean {
    return this.#arrived.has(eventId);
  }

  get count(): number {
    return this.#arrived.size;
  }

  get committedCount(): number {
    return this.#committedCount;
  }

  committedEvents(): OutboxEvent[] {
    return [...this.#enqueued.values()].filter((each) => each.committedAt !== null).map((each) => each.event);
  }

  #orderBroken(arrived: Enqueued, committedAt: number): string | null {
    const { tenantId, topic, key, eventId, xid } = arrived.event;
    if (key === null) return null;
    const place = `${tenantId}/${topic}/${key}`;
    const latest = this.#latest.get(place) ?? { insertedAt: -1, byXid: new Map<bigint, number>() };
    this.#latest.set(place, latest);
    if (committedAt < latest.insertedAt) return `${eventId} arrived after a later event of ${place}`;
    if (arrived.insertedAt < (latest.byXid.get(xid) ?? -1)) return `${eventId} arrived out of its transaction's order`;
    latest.insertedAt = Math.max(latest.insertedAt, arrived.insertedAt);
    latest.byXid.set(xid, arrived.insertedAt);
    return null;
  }
}
