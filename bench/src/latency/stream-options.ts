import type { SampleEvent, SampleShape } from "../events/sample-event.js";

export interface StreamOptions extends SampleShape {
  readonly brokers: string;
  readonly databaseUrl: string;
  readonly topic: string;
  readonly partitions: number;
  readonly perSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Different for each turn on a database: event ids must not come twice. */
  readonly firstEvent: number;
  /** Instead of enqueueing: the client alone, in transactions or record by record. */
  readonly raw: { readonly name: string; readonly shards: number; readonly numberTopic: string | null } | null;
}

/** Where the events go in. */
export interface Source {
  /** @param onSend called when the event's way begins: when its COMMIT is sent, or it is handed to the client */
  offer(event: SampleEvent, onSend: () => void): void;
}

/** What a stream's process tells at its end. */
export interface StreamDone {
  readonly kind: "done";
  readonly offered: number;
  readonly arrived: number;
  readonly latenciesMs: readonly number[];
}
