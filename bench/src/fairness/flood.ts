// One tenant that enqueues as fast as it is told, in a process of its own, until it is told to end.
import pg from "pg";
import { sampleEvent } from "../events/sample-event.js";
import { childOptions, report, told } from "../raw/child-process.js";

export interface FloodOptions {
  readonly databaseUrl: string;
  readonly topic: string;
  readonly tenantId: string;
  readonly perSecond: number;
  readonly payloadBytes: number;
  /** Event ids must not come twice in a database. */
  readonly firstEvent: number;
}

const TICK_MS = 10;
const options = childOptions<FloodOptions>();

const client = new pg.Client({ connectionString: options.databaseUrl });
await client.connect();
await report({ kind: "ready" });
await told("go");
let isOver = false;
void told("end").then(() => {
  isOver = true;
});
const beganMs = performance.now();
let enqueued = 0;
while (!isOver) {
  const due = Math.floor(((performance.now() - beganMs) / 1_000) * options.perSecond);
  // A database that is slower than this tenant gets less, in transactions of a few dozen events.
  const until = Math.min(due, enqueued + 50);
  const events: string[] = [];
  for (; enqueued < until; enqueued++) {
    const { eventId, payload } = sampleEvent(options.firstEvent + enqueued, {
      tenants: 1,
      payloadBytes: options.payloadBytes,
    });
    events.push(
      `{"topic":"${options.topic}","tenant_id":"${options.tenantId}","event_id":"${eventId}","payload":${payload}}`,
    );
  }
  if (events.length > 0) await client.query("select count(*) from siding.enqueue_many($1)", [`[${events.join(",")}]`]);
  else await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
await client.end();
await report({ kind: "done", enqueued } as never);
process.exit(0);
