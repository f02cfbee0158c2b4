import { Connections } from "@siding/store-postgres/connection.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { readMigrations } from "@siding/store-postgres/migration-files.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

const NEWEST = readMigrations().length;

describe("siding migrate", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
  });
  afterEach(() => database.drop());

  const version = async (): Promise<number> =>
    (await database.query("select max(version)::int as version from siding.migration"))[0]!.version;

  test("brings an empty database to the newest version, lays out the shards, and does nothing the second time", async () => {
    const first = await migrate({ databaseUrl: database.url, shards: 7 });
    expect(first).toMatchObject({ from: 0, to: NEWEST, shards: 7 });
    expect(await database.query("select shard from siding.shard order by shard")).toHaveLength(7);
    const second = await migrate({ databaseUrl: database.url, shards: 3 });
    expect(second).toMatchObject({ steps: [], shards: 7 });
  });

  test("with plan says what it would do and changes nothing", async () => {
    const planned = await migrate({ databaseUrl: database.url, plan: true });
    expect(planned.steps).toHaveLength(NEWEST);
    expect(await database.query("select from pg_namespace where nspname = 'siding'")).toHaveLength(0);
  });

  test("goes down to nothing and up again", async () => {
    await migrate({ databaseUrl: database.url });
    await migrate({ databaseUrl: database.url, to: 0 });
    expect(await database.query("select from pg_namespace where nspname = 'siding'")).toHaveLength(0);
    await migrate({ databaseUrl: database.url });
    expect(await version()).toBe(NEWEST);
  });

  test("ten at once take turns", async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => migrate({ databaseUrl: database.url })));
    expect(results.filter((result) => result.steps.length > 0)).toHaveLength(1);
    expect(await version()).toBe(NEWEST);
  });

  test("refuses a breaking step while a relay runs, and changes nothing", async () => {
    await migrate({ databaseUrl: database.url });
    await database.query(
      `insert into siding.relay (relay_id, host, process_id, version, schema_version, alive_until)
       values (gen_random_uuid(), 'relay-host', 42, '0', 1, now() + interval '1 minute')`,
    );
    await expect(migrate({ databaseUrl: database.url, to: 0 })).rejects.toMatchObject({
      code: "SIDING_MIGRATION_BLOCKED",
      message: expect.stringContaining("relay-host (process 42)"),
    });
    expect(await version()).toBe(NEWEST);
  });

  test("a step that fails leaves the version before it, whole", async () => {
    const good = readMigrations();
    const bad = {
      version: NEWEST + 1,
      name: "bad",
      isBreaking: false,
      up: "create table siding.half (n int); select 1/0",
      down: "",
    };
    await expect(migrate({ databaseUrl: database.url, migrations: [...good, bad] })).rejects.toMatchObject({
      code: "SIDING_MIGRATION_FAILED",
      message: expect.stringContaining("division by zero"),
    });
    expect(await version()).toBe(NEWEST);
    expect(await database.query("select from pg_class where relname = 'half'")).toHaveLength(0);
  });

  test("a relay runs on beside later migrations that are compatible, and beside no breaking one", async () => {
    await migrate({ databaseUrl: database.url });
    const connections = new Connections(database.url, 1);
    const store = new PostgresStore(connections);
    try {
      await database.query("insert into siding.migration (version, name, is_breaking) values (998, 'later', false)");
      expect(await store.deployment()).toMatchObject({ pinned: null });
      await database.query("insert into siding.migration (version, name, is_breaking) values (999, 'latest', true)");
      await expect(store.deployment()).rejects.toMatchObject({ code: "SIDING_SCHEMA_TOO_NEW" });
    } finally {
      await connections.close();
    }
  });

  test("refuses a database of a newer release", async () => {
    await migrate({ databaseUrl: database.url });
    await database.query("insert into siding.migration (version, name, is_breaking) values (999, 'later', false)");
    await expect(migrate({ databaseUrl: database.url })).rejects.toMatchObject({ code: "SIDING_SCHEMA_TOO_NEW" });
  });
});
