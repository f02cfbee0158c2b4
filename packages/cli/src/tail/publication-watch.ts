import type { InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import type { EventPlace } from "@siding/store-postgres/event-page.js";

/** What became of an event: enqueued, refused by Kafka and tried again, published or dead. */
export type ChangeKind = "enqueued" | "refused" | "published" | "dead";

export interface Change {
  readonly kind: ChangeKind;
  readonly event: InspectedEvent;
}

/**
 * Remembers which events that were shown are still pending, up to a number, and tells what became of them. They are asked
 * for in turns: a tenant that is stuck keeps no other from being looked at.
 */
export class PublicationWatch {
  readonly #pending = new Map<bigint, InspectedEvent>();
  readonly #max: number;
  #isOverfull = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether some event was not taken since there were too many. */
  get isOverfull(): boolean {
    return this.#isOverfull;
  }

  /** What there is to say of events that were seen for the first time; those that are pending are watched from now on. */
  add(events: readonly InspectedEvent[]): Change[] {
    return events.flatMap((event) => {
      const enqueued: Change = { kind: "enqueued", event };
      if (event.status !== "pending") return [enqueued, { kind: event.status, event }];
      if (this.#pending.size < this.#max) this.#pending.set(event.seq, event);
      else this.#isOverfull = true;
      return [enqueued];
    });
  }

  /** Which ones to look at next; each is behind all others afterwards. */
  due(count: number): EventPlace[] {
    const due = [...this.#pending.values()].slice(0, count);
    for (const event of due) {
      this.#pending.delete(event.seq);
      this.#pending.set(event.seq, event);
    }
    return due;
  }

  /** What happened to those that were due. @param looked them as they are now; what is missing was deleted */
  update(due: readonly EventPlace[], looked: readonly InspectedEvent[]): Change[] {
    const now = new Map(looked.map((event) => [event.seq, event]));
    return due.flatMap(({ seq }): Change[] => {
      const before = this.#pending.get(seq);
      const event = now.get(seq);
      if (event === undefined || event.status !== "pending") this.#pending.delete(seq);
      else this.#pending.set(seq, event);
      if (before === undefined || event === undefined) return [];
      if (event.status !== "pending") return [{ kind: event.status, event }];
      return event.attempts > before.attempts ? [{ kind: "refused", event }] : [];
    });
  }
}
