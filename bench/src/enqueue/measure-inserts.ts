import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { createDatabase } from "../events/bench-database.js";
import { type SampleShape, sampleEvent, shardOf } from "../events/sample-event.js";
import { type CpuUse, startCpuSpan } from "../machine/cpu-span.js";

export interface EnqueueSpec extends SampleShape {
  /** Length of a turn. */
  readonly seconds: number;
  /** How many rows a transaction writes, each with a statement of its own. */
  readonly rowsPerTransaction: number;
}

export interface EnqueueTurn {
  readonly rowsPerSecond: number;
  readonly cpu: CpuUse;
}

/** A statement that writes one row of an event, prepared by its name. */
export interface RowStatement {
  readonly name: string;
  readonly text: string;
  readonly values: (n: number, shape: SampleShape) => readonly unknown[];
}

const SHARDS = 4;
const WRITERS = 2;
const TOPIC = "siding-bench.orders";

/** What `siding.enqueue` is asked for, by an application that leaves the id to it. */
export const BY_FUNCTION: RowStatement = {
  name: "bench_enqueue",
  text: "select siding.enqueue($1, $2::jsonb, $3)",
  values: (n, shape) => {
    const { tenantId, payload } = sampleEvent(n, shape);
    return [TOPIC, payload, tenantId];
  },
};

/** The row that the function would have written, with all that it works out made beforehand. */
export const BY_INSERT: RowStatement = {
  name: "bench_insert",
  text:
    "insert into siding.event (shard, bytes, event_id, tenant_id, dedupe_key, topic, payload, content_type) " +
    "values ($1, $2, $3, $4, $5, $6, $7, 'application/json') returning event_id, seq",
  values: (n, shape) => {
    const { eventId, tenantId, payload } = sampleEvent(n, shape);
    const bytes = payload.length + tenantId.length + eventId.length + 1;
    return [shardOf(tenantId, SHARDS), bytes, eventId, tenantId, eventId, TOPIC, payload];
  },
};

/** Writes rows for a while, from two connections, into a database of its own. */
export async function measureInserts(
  services: RunningServices,
  statement: RowStatement,
  spec: EnqueueSpec,
): Promise<EnqueueTurn> {
  const database = await createDatabase(services.databaseUrl);
  const clients = Array.from({ length: WRITERS }, () => new pg.Client({ connectionString: database.url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    let next = 0;
    const write = async (client: pg.Client): Promise<void> => {
      await client.query("begin");
      for (let row = 0; row < spec.rowsPerTransaction; row++) {
        const { name, text, values } = statement;
        await client.query({ name, text, values: [...values(next++, spec)] });
      }
      await client.query("commit");
    };
    // Plans are made and pages are there before anything counts.
    for (let i = 0; i < 20; i++) await Promise.all(clients.map(write));
    const from = next;
    const endSpan = startCpuSpan(services, null);
    const until = performance.now() + spec.seconds * 1_000;
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() < until) await write(client);
      }),
    );
    const cpu = endSpan();
    return { rowsPerSecond: (next - from) / cpu.seconds, cpu };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await database.drop();
  }
}
