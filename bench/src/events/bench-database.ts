import { randomBytes } from "node:crypto";
import pg from "pg";
import { runSiding } from "../relay/siding-command.js";

/** A database of its own for one measurement, with Siding's schema in it. */
export interface BenchDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** @param shards 4 where nothing is said */
export async function createDatabase(serverUrl: string, shards?: number): Promise<BenchDatabase> {
  const name = `siding_bench_${randomBytes(4).toString("hex")}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await once(serverUrl, `create database ${name}`);
  await runSiding(["migrate"], { DATABASE_URL: url.href, ...(shards ? { SIDING_SHARDS: String(shards) } : {}) });
  return { url: url.href, drop: () => once(serverUrl, `drop database ${name} with (force)`) };
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
