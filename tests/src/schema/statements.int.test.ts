import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { readMigrations } from "@siding/store-postgres/migration-files.js";
import { statement } from "@siding/store-postgres/sql-file.js";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

const FOLDER = new URL("../../../packages/store-postgres/src/sql/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith(".sql"));
const NAMES = FILES.map((file) => basename(file, ".sql"));
const PREPARABLE = /^(with|select|insert|update|delete|merge)\b/i;

describe("the statements", () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    // What cannot be prepared makes what others work on, such as temporary tables.
    for (const name of NAMES) {
      const { text } = statement(name);
      if (!PREPARABLE.test(text)) await client.query(text);
    }
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  test.each(NAMES)("%s fits the schema", async (name) => {
    const { text } = statement(name);
    if (PREPARABLE.test(text)) await client.query(`prepare ${statement(name).name.replaceAll("-", "_")} as ${text}`);
  });

  test.each(FILES)("%s says first what it is for", (file) => {
    expect(readFileSync(new URL(file, FOLDER), "utf8")).toMatch(/^-- \S/);
  });

  test("every index of the log is made with the read that it serves beside it", async () => {
    const lines = readMigrations().flatMap(({ up }) => up.split("\n"));
    const named = lines.flatMap((line, at) => {
      const index =
        /^\s*(?:create (?:unique )?index (?:concurrently )?|constraint )(\w+)(?: on| primary key| unique)/.exec(
          line,
        )?.[1];
      return index === undefined ? [] : [{ index, isExplained: /-- read by \S/.test(`${lines[at - 1]}\n${line}`) }];
    });
    expect(named.filter(({ isExplained }) => !isExplained)).toEqual([]);
    const there = await database.query(
      "select indexname from pg_indexes where schemaname = 'siding' and tablename = 'event'",
    );
    expect(there.length).toBeGreaterThan(0);
    const explained = named.map(({ index }) => index);
    expect(there.map((row) => row.indexname).filter((index) => !explained.includes(index))).toEqual([]);
  });
});
