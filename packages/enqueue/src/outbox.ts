import { EnqueueError } from "./enqueue-error.js";
import { enqueue } from "./enqueue-event.js";
import { enqueueMany } from "./enqueue-many.js";
import type { BytesEvent, Enqueued, EventOptions, JsonEvent } from "./event.js";
import { PayloadInvalidError } from "./payload-invalid-error.js";
import type { PayloadInput, PayloadSchema } from "./payload-schema.js";
import type { SqlClient } from "./sql-client.js";

/** Each topic's name with the schema of its payloads. */
export type TopicMap = Readonly<Record<string, PayloadSchema>>;

/** An event for one of the topics: the payload is what that topic's schema takes. Bytes need their `contentType`. */
export type TopicEvent<Topics extends TopicMap, Topic extends keyof Topics & string> = Topic extends unknown
  ? EventOptions & { readonly topic: Topic } & (PayloadInput<Topics[Topic]> extends Uint8Array
        ? { readonly payload: PayloadInput<Topics[Topic]>; readonly contentType: string }
        : { readonly payload: PayloadInput<Topics[Topic]>; readonly contentType?: undefined })
  : never;

/** Topics whose payloads are JSON: only these go in a batch. */
type JsonTopic<Topics extends TopicMap> = {
  [Topic in keyof Topics & string]: PayloadInput<Topics[Topic]> extends Uint8Array ? never : Topic;
}[keyof Topics & string];

export interface Outbox<Topics extends TopicMap> {
  /**
   * Checks the payload against its topic's schema, then does what `enqueue` does.
   * @throws PayloadInvalidError with the schema's issues, EnqueueError as `enqueue` throws it
   */
  enqueue<Topic extends keyof Topics & string>(tx: SqlClient, event: TopicEvent<Topics, Topic>): Promise<Enqueued>;
  /**
   * Checks every payload first, then does what `enqueueMany` does: one statement, all or none.
   * @throws PayloadInvalidError for the first payload that does not fit, EnqueueError as `enqueueMany` throws it
   */
  enqueueMany(tx: SqlClient, events: readonly TopicEvent<Topics, JsonTopic<Topics>>[]): Promise<Enqueued[]>;
}

/**
 * An outbox that knows its topics: a payload is typed by its topic's schema, and checked by it before anything is sent.
 * What the schema gives back is written, so its defaults and transformations have been applied. Schemas may be async.
 *
 * ```ts
 * const outbox = createOutbox({ topics: { "orders.created": z.object({ id: z.number(), note: z.string() }) } });
 * await outbox.enqueue(tx, { topic: "orders.created", payload: { id: 7, note: "two boxes" } });
 * ```
 *
 * Throws nothing itself; its methods do.
 */
export function createOutbox<const Topics extends TopicMap>(options: { readonly topics: Topics }): Outbox<Topics> {
  const { topics } = options;
  return {
    async enqueue(tx, event) {
      return enqueue(tx, await checkedEvent(topics, event as AnyEvent, ""));
    },
    async enqueueMany(tx, events) {
      const checked: JsonEvent[] = [];
      for (const [index, event] of events.entries()) {
        checked.push((await checkedEvent(topics, event as AnyEvent, `events[${index}]: `)) as JsonEvent);
      }
      return enqueueMany(tx, checked);
    },
  };
}

type AnyEvent = JsonEvent | BytesEvent;

/** The cast says only what `enqueue` checks again at run time: that the schema's output is JSON, or bytes. */
async function checkedEvent(topics: TopicMap, event: AnyEvent, place: string): Promise<AnyEvent> {
  const schema = Object.hasOwn(topics, event.topic) ? topics[event.topic] : undefined;
  if (schema === undefined) {
    throw new EnqueueError("SD001", `${place}topic "${event.topic}" is not one of this outbox`, {
      hint: `Add it to the topics of createOutbox, which has: ${Object.keys(topics).join(", ") || "none"}.`,
    });
  }
  const verdict = await schema["~standard"].validate(event.payload);
  if (verdict.issues !== undefined) throw new PayloadInvalidError(event.topic, verdict.issues, place);
  return { ...event, payload: verdict.value } as AnyEvent;
}
