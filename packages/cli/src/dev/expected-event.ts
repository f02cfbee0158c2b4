/** What the sample application knows of an event that it enqueued, from itself and from no table of Siding's. */
export interface ExpectedEvent {
  readonly eventId: string;
  readonly tenantId: string;
  readonly topic: string;
  /** The ordering key, or null where none was given. */
  readonly key: string | null;
  readonly dedupeKey: string | null;
  /** Counts the events of this topic and key: drawn under the row's lock, so it rises in commit order. Null without key. */
  readonly version: number | null;
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as the consumer got it. */
export interface ArrivedRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string;
  /** In their order, a repeated name as often as it is there. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Marks the records of one run: others in the same topics are somebody else's, and are let pass. */
export const RUN_HEADER = "siding-dev-run";

export function headerOf(record: ArrivedRecord, name: string): string | undefined {
  return record.headers.find(([each]) => each === name)?.[1];
}
