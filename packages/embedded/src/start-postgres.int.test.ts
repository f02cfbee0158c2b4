import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { type PostgresOptions, type RunningPostgres, startPostgres } from "./start-postgres.js";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const postgres = await startPostgres({ settings: { fsync: false }, ...options });
  cleanups.push(() => postgres.stop("immediate"));
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end();
  }
}

test("it takes connections, with the settings asked for, and leaves nothing behind", async () => {
  const postgres = await start({ settings: { fsync: false, max_connections: 23 } });
  const answer = await query(
    postgres.url,
    "select setting from pg_settings where name in ('fsync', 'max_connections', 'synchronous_commit') order by name",
  );
  expect(answer).toEqual(["off", "23", "on"]);

  await postgres.stop();
  expect(() => process.kill(postgres.pid, 0)).toThrow("ESRCH");
  expect(existsSync(postgres.dataDir)).toBe(false);
  await expect(query(postgres.url, "select 1")).rejects.toThrow("ECONNREFUSED");
});

test("what was committed survives a SIGKILL and a restart on the same port", async () => {
  const postgres = await start();
  await query(postgres.url, "create table kept as select 7 as n");
  const before = postgres.pid;
  postgres.kill("SIGKILL");
  await postgres.restart();
  expect(postgres.pid).not.toBe(before);
  expect(await query(postgres.url, "select n from kept")).toEqual([7]);
});

test("a given data directory outlives an immediate stop", async () => {
  const parent = mkdtempSync(join(tmpdir(), "siding-test-"));
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }));
  chmodSync(parent, 0o755); // as root, Postgres runs as another user, who has to get in
  const dataDir = join(parent, "data");

  const first = await start({ dataDir });
  await query(first.url, "create table kept as select 8 as n");
  await first.stop("immediate");
  const second = await start({ dataDir });
  expect(await query(second.url, "select n from kept")).toEqual([8]);
});

test("a port in use is named, with what the server said, and nothing is left behind", async () => {
  const first = await start();
  const failed = startPostgres({ port: first.port });
  await expect(failed).rejects.toThrow(new RegExp(`127.0.0.1:${first.port} ended while starting.*already running`));
});

test("once stopped for good it cannot be restarted", async () => {
  const postgres = await start();
  await postgres.stop();
  await expect(postgres.restart()).rejects.toThrow("stopped for good");
});
