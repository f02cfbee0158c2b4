import { afterAll, beforeAll, describe, inject } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { ALL_CLIENTS } from "./clients/all-clients.js";
import type { ConnectedClient } from "./clients/client-under-test.js";

export interface EventRow {
  event_id: string;
  seq: string;
  tenant_id: string;
  topic: string;
  key: string | null;
  dedupe_key: string;
  payload: unknown;
  headers: Record<string, string>;
  payload_bytes: Buffer | null;
  content_type: string;
  status: string;
}

/** What the tests of one client share; the fields are there once tests run. */
export interface ClientSuite {
  readonly client: ConnectedClient;
  readonly database: TestDatabase;
  /** A tenant of its own for each test, and for each client. */
  tenant(test: string): string;
  eventsOf(tenantId: string): Promise<EventRow[]>;
}

/** Declares the same tests for every client, on one database. */
export function describeEveryClient(declareTests: (suite: ClientSuite) => void, prepareSql = ""): void {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    await database.query(`create table orders (id text primary key, note text not null); ${prepareSql}`);
  });

  afterAll(async () => {
    await database?.drop();
  });

  describe.each(ALL_CLIENTS)("$name", ({ name, connect }) => {
    let client: ConnectedClient;

    beforeAll(async () => {
      client = await connect(database.url);
    });

    afterAll(async () => {
      await client?.close();
    });

    declareTests({
      get client() {
        return client;
      },
      get database() {
        return database;
      },
      tenant: (test) => `${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}.${test}`,
      eventsOf: (tenantId) =>
        database.query("select * from siding.events where tenant_id = $1 order by seq", [tenantId]),
    });
  });
}
