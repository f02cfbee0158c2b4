import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { SeededRandom } from "../random.js";

export interface TrafficOptions {
  readonly databaseUrl: string;
  readonly topic: string;
  readonly writers: number;
  readonly keys: number;
  readonly seed: number;
  /** A writer rests for up to this long after each transaction; 0: never. */
  readonly restMsMax: number;
  /** Ends it, after the transactions under way. */
  readonly signal: AbortSignal;
}

/** What must be in Kafka afterwards: for each ordering key the numbers 1 to count, once each, in that order. */
export type Expected = ReadonlyMap<string, number>;

const RECONNECT_MS = 50;
/** SQLSTATE of connections that broke, and of a server that stops, crashes or starts. */
const AWAY = /^(08...|57P0[123])$/;

/**
 * Concurrent business transactions. Each counts a key's row up, which locks it, and enqueues an event with the new
 * number; so commit order per key is the order of the numbers, and a rolled-back transaction leaves no gap. Some roll
 * back, wholly or to a savepoint, some take up to a second. A server that goes away is waited for; whether a commit that
 * it left unanswered took place is for the counters to say, which the same transaction wrote.
 */
export async function runTraffic(options: TrafficOptions): Promise<Expected> {
  await prepareCounters(options);
  await Promise.all(Array.from({ length: options.writers }, (_, index) => write(options, index)));
  return await once(options.databaseUrl, async (client) => {
    const { rows } = await client.query<{ key: string; count: number }>(
      "select key, count from counter where count > 0",
    );
    return new Map(rows.map((row) => [row.key, row.count]));
  });
}

async function prepareCounters({ databaseUrl, keys }: TrafficOptions): Promise<void> {
  await once(databaseUrl, async (client) => {
    await client.query("create table counter (key text primary key, count integer not null)");
    await client.query("insert into counter select 'key-' || n, 0 from generate_series(1, $1) n", [keys]);
  });
}

async function write(options: TrafficOptions, index: number): Promise<void> {
  const random = new SeededRandom(options.seed * 1_000 + index);
  while (!options.signal.aborted) {
    try {
      await once(options.databaseUrl, async (client) => {
        while (!options.signal.aborted) {
          await transact(client, options, random);
          if (options.restMsMax > 0) await sleep(random.next() * options.restMsMax);
        }
      });
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !AWAY.test(code)) throw error;
      await sleep(RECONNECT_MS);
    }
  }
}

async function transact(client: pg.Client, options: TrafficOptions, random: SeededRandom): Promise<void> {
  const key = `key-${1 + random.below(options.keys)}`;
  await client.query("begin");
  await enqueueNext(client, options.topic, key, 1 + random.below(4));
  if (random.chance(0.15)) {
    await client.query("savepoint s");
    await enqueueNext(client, options.topic, key, 2);
    await client.query("rollback to savepoint s");
  }
  if (random.chance(0.1)) await client.query("select pg_sleep($1)", [random.next()]);
  await client.query(random.chance(0.15) ? "rollback" : "commit");
}

async function enqueueNext(client: pg.Client, topic: string, key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await client.query(
      `with counted as (update counter set count = count + 1 where key = $1 returning count)
       select siding.enqueue($2, jsonb_build_object('count', count), 'tenant-' || $1, null, $1) from counted`,
      [key, topic],
    );
  }
}

async function once<T>(databaseUrl: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on("error", () => {}); // whoever uses the connection finds out
  try {
    await client.connect();
    return await act(client);
  } finally {
    await client.end().catch(() => {});
  }
}
