import { randomBytes } from "node:crypto";
import { migrate } from "@siding/store-postgres/migrate.js";
import pg from "pg";

export interface TestDatabase {
  readonly url: string;
  /** One statement on a connection of its own, as the superuser. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A database for one test file, migrated unless told otherwise. */
export async function createTestDatabase(serverUrl: string, { migrated = true } = {}): Promise<TestDatabase> {
  const name = `siding_test_${randomBytes(6).toString("hex")}`;
  await once(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  if (migrated) await migrate({ databaseUrl: url.href });
  return {
    url: url.href,
    query: (text, values) => once(url.href, text, values),
    drop: async () => {
      await once(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

async function once<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
