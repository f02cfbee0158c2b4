import pg from "pg";
import { type SampleShape, sampleEvent } from "./sample-event.js";

const CHUNK_EVENTS = 1_000;
const CONNECTIONS = 2;

export interface Backlog extends SampleShape {
  readonly databaseUrl: string;
  readonly topic: string;
  readonly events: number;
}

/** Enqueues events through SQL, a thousand a transaction, and leaves the server with nothing more to write. */
export async function fillBacklog(backlog: Backlog): Promise<void> {
  let next = 0;
  const fill = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: backlog.databaseUrl });
    await client.connect();
    for (let from = next; from < backlog.events; from = next) {
      next = Math.min(backlog.events, from + CHUNK_EVENTS);
      await client.query("select count(*) from siding.enqueue_many($1)", [chunk(backlog, from, next)]);
    }
    // Whoever is measured next should not pay for writing these pages out.
    await client.query("checkpoint");
    await client.end();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, fill));
}

/** No dedupe key: it is the event id then, as with most events. */
function chunk(backlog: Backlog, from: number, to: number): string {
  const events: string[] = [];
  for (let n = from; n < to; n++) {
    const { eventId, tenantId, payload } = sampleEvent(n, backlog);
    events.push(`{"topic":"${backlog.topic}","tenant_id":"${tenantId}","event_id":"${eventId}","payload":${payload}}`);
  }
  return `[${events.join(",")}]`;
}
