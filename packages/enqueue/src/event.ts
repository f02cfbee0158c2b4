/** What any event may carry besides its topic and payload. */
export interface EventOptions {
  /** Whose event it is: order, quotas and dedupe keys are each tenant's own. Left out: `default`. */
  readonly tenantId?: string | undefined;
  /** A second enqueue of the same tenant and dedupe key writes nothing and answers the first one's ids. */
  readonly dedupeKey?: string | undefined;
  /** The Kafka key. Left out: `<tenant>:<dedupe key>`, or `<tenant>:<event id>` without one. */
  readonly key?: string | undefined;
  /** Kafka headers, such as `traceparent`: nothing is added to them here. One that is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** A UUID of the caller's own. Left out: the database makes a time-ordered one. */
  readonly eventId?: string | undefined;
}

/**
 * Whatever `JSON.stringify` can write, an interface's value as well as a literal. `BYTES_PER_ELEMENT` keeps typed arrays
 * out: bytes go with a `contentType`, and as JSON they would arrive as `{"0":137,"1":80}`.
 */
export type JsonPayload =
  | string
  | number
  | boolean
  | null
  | { readonly [key: string]: unknown; readonly BYTES_PER_ELEMENT?: never }
  | (object & { readonly BYTES_PER_ELEMENT?: never });

/** An event whose payload is written as JSON. */
export interface JsonEvent extends EventOptions {
  readonly topic: string;
  readonly payload: JsonPayload;
  readonly contentType?: undefined;
}

/** An event whose payload is bytes already, such as Avro or Protobuf. */
export interface BytesEvent extends EventOptions {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** What the bytes are, such as `application/x-protobuf`. */
  readonly contentType: string;
}

/** The database's answer to one enqueue. */
export interface Enqueued {
  readonly eventId: string;
  /** Rises in the order of enqueueing; the event's place in the log. */
  readonly seq: bigint;
  /** True where the dedupe key was known: nothing was written, and these are the first event's ids. */
  readonly duplicate: boolean;
}
