import { fileURLToPath } from "node:url";
import { migrate } from "@siding/store-postgres/migrate.js";
import { SCHEMA_VERSION } from "@siding/store-postgres/schema-version.js";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { describeSchema } from "./describe-schema.js";

const SNAPSHOT = fileURLToPath(new URL("../../../packages/store-postgres/schema.snapshot.txt", import.meta.url));

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
});
afterEach(() => database.drop());

// A change of the schema shows in this file as a reviewer reads it: `npx vitest run tests/src/schema -u` writes it anew.
test("the migrations make the schema that is written down", async () => {
  await expect(await describeSchema(database)).toMatchFileSnapshot(SNAPSHOT);
});

test("going down to nothing and up again makes the same schema", async () => {
  const before = await describeSchema(database);
  await migrate({ databaseUrl: database.url, to: 0 });
  expect(await describeSchema(database)).toBe("");
  await migrate({ databaseUrl: database.url });
  expect(await describeSchema(database)).toBe(before);
});

test("each step down leaves what was there before the step up", async () => {
  await migrate({ databaseUrl: database.url, to: 0 });
  for (let version = 1; version < SCHEMA_VERSION; version++) {
    await migrate({ databaseUrl: database.url, to: version });
    const before = [...withoutPlaces(await describeSchema(database)), ...(await functions())];
    await migrate({ databaseUrl: database.url, to: version + 1 });
    await migrate({ databaseUrl: database.url, to: version });
    const after = [...withoutPlaces(await describeSchema(database)), ...(await functions())];
    expect(after, `down to ${version}`).toEqual(before);
  }
});

/** With their bodies. */
async function functions(): Promise<unknown[]> {
  const rows = await database.query(
    "select pg_get_functiondef(p.oid) as text from pg_proc p where p.pronamespace = 'siding'::regnamespace order by 1",
  );
  return rows.map(({ text }) => text);
}

/** A column that was taken away and given back is its table's last one. */
function withoutPlaces(schema: string): string[] {
  return schema
    .split("\n")
    .map((line) => line.replace(/ \d+\. /, " "))
    .sort();
}

test("a column, a grant and a default that somebody added by hand are seen", async () => {
  const before = await describeSchema(database);
  for (const [undo, by] of [
    ["alter table siding.event drop column extra", "alter table siding.event add column extra int"],
    ["revoke update on siding.event from siding_relay", "grant update on siding.event to siding_relay"],
    [
      "alter table siding.relay alter seen_at set default clock_timestamp()",
      "alter table siding.relay alter seen_at set default now()",
    ],
    [
      "alter function siding.enqueue_many(jsonb) security definer",
      "alter function siding.enqueue_many(jsonb) security invoker",
    ],
  ] as const) {
    await database.query(by);
    expect(await describeSchema(database), by).not.toBe(before);
    await database.query(undo);
    expect(await describeSchema(database), undo).toBe(before);
  }
});
