import pg from "pg";

export interface TrafficOptions {
  readonly databaseUrl: string;
  readonly topic: string;
  readonly writers: number;
  readonly keys: number;
  readonly seconds: number;
  readonly seed: number;
}

/** What must be in Kafka afterwards: for each ordering key the numbers 1 to count, once each, in that order. */
export type Expected = ReadonlyMap<string, number>;

/**
 * Concurrent business transactions. Each counts a key's row up, which locks it, and enqueues an event with the new
 * number; so commit order per key is the order of the numbers, and a rolled-back transaction leaves no gap. Some roll
 * back, wholly or to a savepoint, some take up to a second.
 */
export async function runTraffic(options: TrafficOptions): Promise<Expected> {
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.writers });
  try {
    await pool.query("create table counter (key text primary key, count integer not null)");
    await pool.query("insert into counter select 'key-' || n, 0 from generate_series(1, $1) n", [options.keys]);
    const endMs = performance.now() + options.seconds * 1000;
    const writers = Array.from({ length: options.writers }, (_, index) => write(pool, options, index, endMs));
    await Promise.all(writers);
    const { rows } = await pool.query<{ key: string; count: number }>("select key, count from counter where count > 0");
    return new Map(rows.map((row) => [row.key, row.count]));
  } finally {
    await pool.end();
  }
}

async function write(pool: pg.Pool, options: TrafficOptions, index: number, endMs: number): Promise<void> {
  let state = options.seed * 1_000 + index;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
  const client = await pool.connect();
  try {
    while (performance.now() < endMs) {
      const key = `key-${1 + Math.floor(random() * options.keys)}`;
      await client.query("begin");
      await enqueueNext(client, options.topic, key, Math.floor(random() * 4) + 1);
      if (random() < 0.15) {
        await client.query("savepoint s");
        await enqueueNext(client, options.topic, key, 2);
        await client.query("rollback to savepoint s");
      }
      if (random() < 0.1) await client.query("select pg_sleep($1)", [random()]);
      await client.query(random() < 0.15 ? "rollback" : "commit");
    }
  } finally {
    client.release();
  }
}

async function enqueueNext(client: pg.PoolClient, topic: string, key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await client.query(
      `with counted as (update counter set count = count + 1 where key = $1 returning count)
       select siding.enqueue($2, jsonb_build_object('count', count), 'tenant-' || $1, null, $1) from counted`,
      [key, topic],
    );
  }
}
